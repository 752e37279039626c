package embedded

import (
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// The store's metrics.
var (
	descs       []*prometheus.Desc
	diskBytes   = desc("disk_bytes", "Bytes that the files of the store take.")
	freeSpace   = desc("free_bytes", "Bytes that are free on the disk of DATA_DIR; 0 if it does not tell.")
	minFree     = desc("min_free_bytes", "MIN_FREE_DISK: with less free, no write is taken.")
	commits     = desc("commits_total", "Commits of the journal that are durable.")
	recordBytes = desc("record_bytes_total", "Bytes of records in them.")
	lastCommit  = desc("last_commit_seconds", "Time of the last commit of the journal, fsync included.")
	waiting     = desc("commit_waiting_seconds", "How long the commit under way has been; 0 if there is none.")
	fsync       = desc("fsync_seconds", "Times of the fsyncs of the log.")
	logBytes    = desc("log_bytes_total", "Bytes written to the log.")
	compactions = desc("compactions_total", "Compactions.")
	compacting  = desc("compactions_in_progress", "Compactions under way.")
	compactTime = desc("compaction_seconds_total", "Time that compactions took.")
	compactFail = desc("compactions_failed_total", "Compactions that failed.")
	compactDebt = desc("compaction_debt_bytes", "Bytes that wait for compaction.")
	readAmp     = desc("read_amplification", "Places where a read has to look.")
	memTable    = desc("memtable_bytes", "Memory of tables that are not on disk yet.")
	cacheHits   = desc("cache_hits_total", "Blocks found in the cache.")
	cacheMisses = desc("cache_misses_total", "Blocks read from disk.")
	flushes     = desc("flushes_total", "Tables flushed from memory to disk.")
	stalls      = desc("write_stalls_total", "Times that writes were held back until the disk had caught up.")
)

func desc(name, help string) *prometheus.Desc {
	d := prometheus.NewDesc("paceboard_store_"+name, help, nil, nil)
	descs = append(descs, d)
	return d
}

// Collector returns the store's metrics. Gathering costs some microseconds.
func (s *Store) Collector() prometheus.Collector { return collector{s} }

type collector struct{ *Store }

// Describe implements prometheus.Collector.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	counter := func(d *prometheus.Desc, value float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value)
	}
	m := c.db.Metrics()
	gauge(diskBytes, float64(m.DiskSpaceUsage()))
	gauge(freeSpace, float64(c.counters.free.Load()))
	gauge(minFree, float64(c.options.MinFreeBytes))
	counter(commits, float64(c.counters.commits.Load()))
	counter(recordBytes, float64(c.counters.bytes.Load()))
	gauge(lastCommit, time.Duration(c.counters.last.Load()).Seconds())
	gauge(waiting, c.counters.waiting(time.Now()).Seconds())
	to <- fsyncs(m)
	counter(logBytes, float64(m.WAL.BytesWritten))
	counter(compactions, float64(m.Compact.Count))
	gauge(compacting, float64(m.Compact.NumInProgress))
	counter(compactTime, m.Compact.Duration.Seconds())
	counter(compactFail, float64(m.Compact.FailedCount))
	gauge(compactDebt, float64(m.Compact.EstimatedDebt))
	gauge(readAmp, float64(m.ReadAmp()))
	gauge(memTable, float64(m.MemTable.Size))
	counter(cacheHits, float64(m.BlockCache.Hits))
	counter(cacheMisses, float64(m.BlockCache.Misses))
	counter(flushes, float64(m.Flush.Count))
	counter(stalls, float64(c.log.stalls.Load()))
}

// fsyncBounds are those of the buckets that are shown, in seconds. Pebble's are a hundred.
var fsyncBounds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

// fsyncs turns Pebble's histogram, in nanoseconds, into one with fewer buckets: each has
// what Pebble's last bucket within it has.
func fsyncs(m *pebble.Metrics) prometheus.Metric {
	var theirs dto.Metric
	if m.LogWriter.FsyncLatency == nil || m.LogWriter.FsyncLatency.Write(&theirs) != nil {
		theirs.Histogram = nil
	}
	h := theirs.GetHistogram() // nil is empty
	buckets := make(map[float64]uint64, len(fsyncBounds))
	for _, bound := range fsyncBounds {
		buckets[bound] = 0
		for _, b := range h.GetBucket() {
			if b.GetUpperBound()/float64(time.Second) <= bound*(1+1e-9) {
				buckets[bound] = max(buckets[bound], b.GetCumulativeCount())
			}
		}
	}
	return prometheus.MustNewConstHistogram(fsync, h.GetSampleCount(), h.GetSampleSum()/float64(time.Second), buckets)
}
