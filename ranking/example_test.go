package ranking_test

import (
	"fmt"

	"github.com/paceboard/paceboard/ranking"
)

// The caller keeps each member's present entry, and knows the user ids that decide between equals.
func Example() {
	users := []string{"nora", "ben", "ada"} // by member number
	board := ranking.New(func(a, b uint32) bool { return users[a] < users[b] })

	// Three join: 0 points each, by one command.
	entries := make([]ranking.Entry, len(users))
	for member := range users {
		entries[member] = ranking.Entry{Score: 0, Reached: 1, Member: uint32(member)}
		board.Insert(entries[member])
	}

	// Event 2: Nora walked 8,000 steps.
	walked := ranking.Entry{Score: 8_000, Reached: 2, Member: 0}
	rank, _ := board.Move(entries[0], walked)
	entries[0] = walked
	fmt.Println("nora is number", rank)

	for i, e := range board.Page(nil, 0, 10) {
		fmt.Println(i+1, users[e.Member], e.Score)
	}
	// Output:
	// nora is number 1
	// 1 nora 8000
	// 2 ada 0
	// 3 ben 0
}

func ExampleBuild() {
	board := ranking.Build([]ranking.Entry{
		{Score: 100, Reached: 7, Member: 0},
		{Score: 300, Reached: 9, Member: 1},
		{Score: 300, Reached: 8, Member: 2}, // reached 300 first
	}, nil)
	for _, e := range board.Page(nil, 0, board.Len()) {
		fmt.Println(e.Member, e.Score)
	}
	// Output:
	// 2 300
	// 1 300
	// 0 100
}

func ExampleBoard_Around() {
	var entries []ranking.Entry
	for member := range uint32(100) {
		entries = append(entries, ranking.Entry{Score: int64(member) * 10, Reached: 1, Member: member})
	}
	board := ranking.Build(entries, nil)

	around, firstRank, _ := board.Around(nil, ranking.Entry{Score: 500, Reached: 1, Member: 50}, 1)
	for i, e := range around {
		fmt.Println(firstRank+i, e.Member, e.Score)
	}
	// Output:
	// 49 51 510
	// 50 50 500
	// 51 49 490
}
