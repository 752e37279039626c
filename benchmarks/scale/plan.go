package main

import (
	"fmt"
	"io"
	"math"
)

// profile is how people use the service. All of it is assumed.
type profile struct {
	Name      string  `json:"name"`
	Syncs     float64 `json:"syncs"`     // a day and user
	Boards    float64 `json:"boards"`    // that a user takes part in
	Peak      float64 `json:"peak"`      // the busiest minute, of the mean
	Reads     float64 `json:"reads"`     // of a board's top, a day and user
	Online    float64 `json:"online"`    // share of the users with a live connection in the evening
	Frames    float64 `json:"frames"`    // a second and connection
	Retention float64 `json:"retention"` // days of journal that are kept
}

// phones is what docs/capacity.md assumes too; watches report every two minutes of
// 16 hours, all day alike.
func profiles() []profile {
	return []profile{
		{"phones", 50, 1, peak(), 20, 0.01, 1, 30},
		{"watches", 480, 2, 2, 20, 0.02, 1, 7},
	}
}

// What a machine has, and what it costs: list prices of the large clouds, about.
const (
	nodeCores, nodeMemory = 2, 8 << 30
	databaseCores         = 8
	databaseDisk          = 4e12
	fill                  = 0.5 // of the processors at the peak
	memoryFill            = 0.6
	readCost              = 23.5 // µs; make bench, e/top/256
	nodesOfCell           = 16
	boardMean             = 60 // participants; that of crowds, by its test
	corePrice             = 25.0
	gigabytePrice         = 3.0
	terabytePrice         = 100.0 // of SSD
)

// plan is what a number of users takes.
type plan struct {
	Profile   string  `json:"profile"`
	Users     float64 `json:"users"`
	Mean      float64 `json:"mean"`     // events a second
	Peak      float64 `json:"peak"`     // events a second
	SyncCores float64 `json:"syncs"`    // busy at the peak
	ReadCores float64 `json:"reads"`    // busy at the peak
	LiveCores float64 `json:"live"`     // busy at the peak
	Memory    float64 `json:"memory"`   // bytes
	Nodes     int     `json:"nodes"`    // of 2 cores
	Cells     int     `json:"cells"`    //
	Databases int     `json:"database"` // of 8 cores, without standbys
	Log       float64 `json:"log"`      // bytes a second at the peak, of all databases
	Stored    float64 `json:"stored"`   // bytes of journal
	Dollars   float64 `json:"dollars"`  // a month
}

func planFor(users float64, p profile) plan {
	r := plan{Profile: p.Name, Users: users}
	r.Mean = users * p.Syncs * p.Boards / 86400
	r.Peak = r.Mean * p.Peak
	r.SyncCores = r.Peak * (edgeCost + ownerCost) / 1e6
	r.ReadCores = users * p.Reads / 86400 * p.Peak * readCost / 1e6
	r.LiveCores = users * p.Online * p.Frames * frameCost / 1e6
	r.Memory = users*p.Boards*(memberMemory+boardMemory/boardMean) + users*p.Online*socketMemory
	r.Nodes = max(3,
		int(math.Ceil((r.SyncCores+r.ReadCores+r.LiveCores)/fill/nodeCores)),
		int(math.Ceil(r.Memory/memoryFill/nodeMemory)))
	r.Cells = (r.Nodes + nodesOfCell - 1) / nodesOfCell
	r.Log = r.Peak * walBytes
	r.Stored = r.Mean * 86400 * p.Retention * storedBytes
	nodes := float64(min(r.Nodes, nodesOfCell))
	each := 1
	for each < 1000 && databaseUse(nodes, r.Peak/float64(r.Cells)/float64(each)) > fill {
		each++
	}
	for float64(r.Cells*each)*databaseDisk < r.Stored {
		each++
	}
	r.Databases = r.Cells * each
	r.Dollars = float64(r.Nodes)*(nodeCores*corePrice+nodeMemory/(1<<30)*gigabytePrice) +
		2*float64(r.Databases)*(databaseCores*corePrice+32*gigabytePrice) + 2*r.Stored/1e12*terabytePrice
	return r
}

// commitTime is a commit without waiting, in seconds.
const commitTime = (2*networkDelay+1.2*flushMedian+standbyDelay)/1000 + commitCost/1e6

// databaseUse is the share of a database's cores that commits take, with so many
// nodes and events a second. A node has one commit under way, so that commits get
// larger as events get more frequent, and their number has a bound.
func databaseUse(nodes, events float64) float64 {
	each := events / nodes
	inCommit := max(1, each*commitTime)
	return nodes * (each/inCommit*commitCost + each*(boardCost+eventCost)) / 1e6 / databaseCores
}

func printPlans(w io.Writer, plans []plan) {
	fmt.Fprintln(w, "Machines (nodes of 2 cores and 8 GiB, databases of 8 cores with a standby each, busy to a half at the peak)")
	fmt.Fprintln(w, "  users    profile  events/s mean   peak  cores: syncs reads  live   memory  nodes cells databases  log at peak   journal  $ a month")
	for _, p := range plans {
		fmt.Fprintf(w, "  %-8s %-8s %13.3g %6.3g %13.3g %5.3g %5.3g %5.4g GiB %6d %5d %9d %7.4g MB/s %6.3g TB %10.3g\n",
			short(p.Users), p.Profile, p.Mean, p.Peak, p.SyncCores, p.ReadCores, p.LiveCores, p.Memory/(1<<30),
			p.Nodes, p.Cells, p.Databases, p.Log/1e6, p.Stored/1e12, p.Dollars)
	}
}

// most is how many users so many nodes are enough for.
func most(nodes int, p profile) float64 {
	low, high := 1e3, 1e12
	for high/low > 1.001 {
		if middle := math.Sqrt(low * high); planFor(middle, p).Nodes <= nodes {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// short writes large numbers as people say them.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.4g M", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.4g k", v/1e3)
	default:
		return fmt.Sprintf("%.4g", v)
	}
}
