// Package logging makes the program's logger, and has everything that libraries would
// print by themselves go through it, so that each line of the log is of its format:
// [New], [Redirect]. [Lines] writes lines of which there are very many, and never keeps
// who writes them waiting.
//
// It decides neither what is logged nor where.
package logging
