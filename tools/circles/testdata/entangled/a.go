package entangled

type board struct{ size int }

func (b *board) grow() { b.size = next(b) }
