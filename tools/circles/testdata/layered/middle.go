package layered

func double(r row) row {
	row := r.n // a local name is nobody else's
	return newRow(2 * row)
}

func newRow(n int) row { return row{n} }
