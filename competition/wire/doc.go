// Package wire reads and writes the values of which records and stored rows
// consist: numbers, strings, hashes and checksums. It knows no record; what the
// values mean and in which order they stand is said where a record is declared.
// What it writes is read by later versions, so that no form ever changes.
//
// Reading starts at [Reader]. Writing is appending: with encoding/binary, and with
// the functions here for what that package lacks. [Word] and [ParseWord] do the same
// for enumerations that clients know by words.
package wire
