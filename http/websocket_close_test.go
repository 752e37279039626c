package http

import (
	"fmt"
	"strings"
)

func closeCases() (cases []conformanceCase) {
	add := func(number, rule string, run func(*rawSocket)) {
		cases = append(cases, conformanceCase{number, rule, run})
	}
	// then closes, and sends something that must not be answered any more.
	then := func(after func(*rawSocket)) func(*rawSocket) {
		return func(r *rawSocket) {
			r.frame(opClose, closeFrame(1000, ""))
			after(r)
			r.refusedWith(1000)
		}
	}
	// answered sends a close frame whose code comes back.
	answered := func(payload string, codes ...int) func(*rawSocket) {
		return func(r *rawSocket) {
			r.frame(opClose, payload)
			fails(r, codes...)
		}
	}
	add("7.1.1", "a message, then a close", func(r *rawSocket) {
		r.text(ping(20))
		r.expect("pong")
		hangsUp(r)
	})
	add("7.1.2", "two closes", then(func(r *rawSocket) { r.frame(opClose, closeFrame(1000, "")) }))
	add("7.1.3", "a ping after a close", then(func(r *rawSocket) { r.frame(opPing, "") }))
	add("7.1.4", "a message after a close", then(func(r *rawSocket) { r.text(ping(20)) }))
	add("7.1.5", "a close between two fragments", func(r *rawSocket) {
		r.fragment(opText, pieces(2)[0])
		then(func(r *rawSocket) { r.frame(opContinuation, pieces(2)[1]) })(r)
	})
	add("7.1.6", "256 KiB, then a close", func(r *rawSocket) {
		r.text(ping(256 << 10))
		r.text(ping(20))
		r.frame(opClose, closeFrame(1000, ""))
		r.frame(opPing, "")
		fails(r, tooBig) // at the first
	})
	const noCode = 1005
	longest := strings.Repeat("*", 123)
	add("7.3.1", "a close without payload", answered("", 1000, noCode))
	add("7.3.2", "a close with one byte", answered("a", dropped, noCode, protocolError))
	add("7.3.3", "a close with a code", answered(closeFrame(1000, ""), 1000))
	add("7.3.4", "a close with a reason", answered(closeFrame(1000, "Hello World!"), 1000))
	add("7.3.5", "a close with the longest reason", answered(closeFrame(1000, longest), 1000))
	add("7.3.6", "a close over the longest", answered(closeFrame(1000, longest+"*"), dropped, protocolError))
	add("7.5.1", "a reason that is not UTF-8", answered(closeFrame(1000, "κόσμε\xed\xa0\x80edited"), dropped, protocolError, invalidUTF8))
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		add(fmt.Sprintf("7.7.%d", i+1), fmt.Sprintf("code %d is valid", code), answered(closeFrame(code, ""), code, 1000))
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		add(fmt.Sprintf("7.9.%d", i+1), fmt.Sprintf("code %d is not valid", code), answered(closeFrame(code, ""), dropped, protocolError))
	}
	for i, code := range []int{5000, 65_535} { // not defined: Autobahn takes any answer
		add(fmt.Sprintf("7.13.%d", i+1), fmt.Sprintf("code %d is not defined", code), answered(closeFrame(code, ""), dropped, protocolError, code, 1000))
	}
	return cases
}
