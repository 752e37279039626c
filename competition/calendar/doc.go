// Package calendar holds the days, months and moments of a competition as numbers,
// and how they are written. It knows no competition, reads no clock and has no
// state. Reading starts at [Day].
package calendar
