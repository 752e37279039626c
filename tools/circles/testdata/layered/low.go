package layered

type row struct{ n int }
