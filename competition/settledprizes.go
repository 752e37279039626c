package competition

// SettledPrize is a prize of a settled competition as everybody who sees the board is
// shown it. Whether it was paid yet, and why not, is between its winner and operators.
type SettledPrize struct {
	Rank     int // the board's
	UserID   string
	UserName string // may be empty
	Minor    int64
	Currency string
}

// SettledPrizes are the prizes of a competition; none before it is settled.
type SettledPrizes struct {
	Best  []SettledPrize // PublishedEntries at most, by rank
	Count int            // of all prizes
}

// SettledPrizes returns the prizes that the board has, with the names of their winners.
// Cost: linear in its entries.
func (b *Board) SettledPrizes() []SettledPrize {
	names := make(map[string]string, len(b.Entries))
	for i := range b.Entries {
		names[b.Entries[i].UserID] = b.Entries[i].UserName
	}
	prizes := make([]SettledPrize, len(b.Prizes))
	for i := range b.Prizes {
		p := &b.Prizes[i]
		prizes[i] = SettledPrize{Rank: p.Rank, UserID: p.UserID, UserName: names[p.UserID], Minor: p.Minor, Currency: p.Currency}
	}
	return prizes
}
