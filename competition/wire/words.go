package wire

import "slices"

// Word returns the word for a value, given the words in the order of the values;
// "unknown" if it has none.
func Word[T ~uint8](words []string, v T) string {
	if int(v) >= len(words) || words[v] == "" {
		return "unknown"
	}
	return words[v]
}

// ParseWord is the inverse of Word.
func ParseWord[T ~uint8](words []string, word string) (v T, ok bool) {
	i := slices.Index(words, word)
	if i < 0 || word == "" {
		return 0, false
	}
	return T(i), true
}
