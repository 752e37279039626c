package entangled

func next(b *board) int { return measure(b) + 1 }
