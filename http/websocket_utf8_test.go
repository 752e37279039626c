package http

import (
	"fmt"
	"strings"
)

// utf8Samples are Autobahn's samples, most of them Markus Kuhn's
// (https://www.cl.cam.ac.uk/~mgk25/ucs/examples/UTF-8-test.txt), by section.
var utf8Samples = []struct {
	section int
	valid   bool
	texts   []string
}{
	{5, true, []string{"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", "\xce\xba", "\xe1\xbd\xb9", "\xf0\x90\x80\x80", "Hello-µ@ßöäüàá-UTF-8!!"}},
	{7, true, []string{"\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}},
	{8, false, []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
	{9, true, []string{"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}},
	{10, false, []string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
	{11, true, []string{"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"}},
	{11, false, []string{"\xf4\x90\x80\x80"}},
	{12, false, []string{
		"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80",
		"\x80\xbf\x80\xbf\x80\xbf", "\x80\x81\x82\x9d\x9e\x9f\xa0\xa1\xbd\xbe",
	}},
	{13, false, []string{"\xc0 \xc1 \xde \xdf ", "\xe0 \xe7 \xee \xef ", "\xf0 \xf3 \xf6 \xf7 ", "\xf8 \xf9 \xfa \xfb ", "\xfc \xfd "}},
	{14, false, []string{
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
	}},
	{15, false, []string{"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf\xf7\xbf\xbf\xfb\xbf\xbf\xbf\xfd\xbf\xbf\xbf\xbf"}},
	{16, false, []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
	{17, false, []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
	{18, false, []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}},
	{19, false, []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
	{20, false, []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}},
	{21, false, []string{
		"\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80", "\xed\xad\xbf\xed\xbf\xbf",
		"\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf", "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf",
	}},
	{22, true, nonCharacters()},
	{23, true, []string{"\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc", "\xef\xbf\xbd", "\xef\xbf\xbe", "\xef\xbf\xbf"}},
}

// nonCharacters are U+FFFE and U+FFFF of all planes, which UTF-8 may carry.
func nonCharacters() (texts []string) {
	for plane := range rune(17) {
		texts = append(texts, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	return texts
}

func utf8Cases() (cases []conformanceCase) {
	add := func(number, rule string, run func(*rawSocket)) {
		cases = append(cases, conformanceCase{number, rule, run})
	}
	const start, end = `{"type":"ping","x":"`, `"}`
	accepted := func(r *rawSocket, text string) {
		if strings.ContainsRune(text, 0) {
			r.expect("error") // UTF-8, but no JSON
		} else {
			r.expect("pong")
		}
		hangsUp(r)
	}
	// whole sends a text in one frame, fragmented in frames of a byte.
	whole := func(text string, valid bool) func(*rawSocket) {
		return func(r *rawSocket) {
			r.text(start + text + end)
			if !valid {
				fails(r, dropped, invalidUTF8)
				return
			}
			accepted(r, text)
		}
	}
	fragmented := func(text string, valid bool) func(*rawSocket) {
		return func(r *rawSocket) {
			r.fragment(opText, start)
			for _, b := range []byte(text) {
				r.fragment(opContinuation, string([]byte{b}))
			}
			r.frame(opContinuation, end)
			if !valid {
				fails(r, dropped, invalidUTF8)
				return
			}
			accepted(r, text)
		}
	}
	add("6.1.1", "an empty text", func(r *rawSocket) {
		r.text("")
		r.expect("error")
		hangsUp(r)
	})
	add("6.1.2", "three empty fragments", func(r *rawSocket) {
		r.fragment(opText, "")
		r.fragment(opContinuation, "")
		r.frame(opContinuation, "")
		r.expect("error")
		hangsUp(r)
	})
	add("6.1.3", "three fragments, the first and the last of them empty", func(r *rawSocket) {
		r.fragment(opText, "")
		r.fragment(opContinuation, ping(15))
		r.frame(opContinuation, "")
		r.expect("pong")
		hangsUp(r)
	})
	const hello = "Hello-µ@ßöäüàá-UTF-8!!"
	add("6.2.1", "valid text", whole(hello, true))
	add("6.2.2", "valid text in two fragments", func(r *rawSocket) {
		r.fragment(opText, start+"Hello-µ@ßöä")
		r.frame(opContinuation, "üàá-UTF-8!!"+end)
		r.expect("pong")
		hangsUp(r)
	})
	add("6.2.3", "valid text, a fragment a byte", fragmented(hello, true))
	add("6.2.4", "valid text of another alphabet, a fragment a byte", fragmented("κόσμε", true))
	const edited = "κόσμε\xed\xa0\x80edited" // a surrogate
	add("6.3.1", "invalid text", whole(edited, false))
	add("6.3.2", "invalid text, a fragment a byte", fragmented(edited, false))
	// Autobahn wishes that the server fails before the last part of these, but
	// accepts that it looks at messages when they are complete.
	for i, parts := range [][3]string{
		{"κόσμε", "\xf4\x90\x80\x80", "edited"},
		{"κόσμε\xf4", "\x90", "\x80\x80edited"},
		{"κόσμε", "\xf4\x90\x80\x80", "edited"},
		{"κόσμε\xf4", "\x90", "\x80\x80edited"},
	} {
		add(fmt.Sprintf("6.4.%d", i+1), "invalid text in three parts", func(r *rawSocket) {
			if i < 2 { // fragments
				r.fragment(opText, start+parts[0])
				r.fragment(opContinuation, parts[1])
				r.frame(opContinuation, parts[2]+end)
			} else { // chops of one frame
				frame := frameBytes(fin|opText, []byte(start+parts[0]+parts[1]+parts[2]+end))
				cut := 6 + len(start+parts[0]) // 6 bytes of head and mask
				r.write(frame[:cut])
				r.write(frame[cut : cut+len(parts[1])])
				r.write(frame[cut+len(parts[1]):])
			}
			fails(r, dropped, invalidUTF8)
		})
	}
	prefixes := "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
	for i := range len(prefixes) {
		valid := i == 1 || i == 4 || i == 6 || i == 8 || i == 10 // where a character ends
		add(fmt.Sprintf("6.6.%d", i+1), "a prefix of a valid text", func(r *rawSocket) {
			if !valid {
				r.text(prefixes[:i+1]) // the whole message, so that its end is what is wrong
				fails(r, dropped, invalidUTF8)
				return
			}
			whole(prefixes[:i+1], true)(r)
		})
	}
	numbers := map[int]int{}
	for _, samples := range utf8Samples {
		for _, text := range samples.texts {
			numbers[samples.section]++
			number := fmt.Sprintf("6.%d.%d", samples.section, numbers[samples.section])
			add(number, fmt.Sprintf("%q", text), whole(text, samples.valid))
		}
	}
	return cases
}
