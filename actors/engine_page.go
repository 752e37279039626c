package actors

// page gathers the first rows of a list, and where the list goes on after them.
type page[Row, Place any] struct {
	limit int // at least 1
	place func(*Row) Place
	rows  []Row
	next  Place // the zero value at the end
}

// add takes a row, and reports whether the page has room for more.
func (p *page[Row, Place]) add(row Row) bool {
	if len(p.rows) == p.limit {
		p.next = p.place(&p.rows[p.limit-1])
		return false
	}
	p.rows = append(p.rows, row)
	return true
}
