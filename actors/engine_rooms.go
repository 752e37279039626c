package actors

// takeRoom returns room for a message between nodes, from rooms.
func (e *Engine) takeRoom() *[]byte {
	if room, ok := e.rooms.Get().(*[]byte); ok {
		return room
	}
	return new([]byte)
}

// largestRoom is how large the rooms are that are kept: many times what most messages
// need, and little beside the largest.
const largestRoom = 64 << 10

// putRoom takes room back, unless it has grown for a message that is rare.
func (e *Engine) putRoom(room *[]byte) {
	if cap(*room) <= largestRoom {
		e.rooms.Put(room)
	}
}
