package http

// erasure is what became of a request to erase a person. It is in the audit log whoever
// asked for it; the list of erasures is made of that.
type erasure uint8

const (
	noErasure   erasure = iota // none was begun, or there was nothing to erase
	doneErasure                // nothing names the person any more
	openErasure                // the person is named until it is repeated: a prize is to be paid first, or something failed
)
