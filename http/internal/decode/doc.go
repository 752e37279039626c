// Package decode reads what clients send: JSON bodies, queries, numbers, days and
// times, and cursors. It reads strictly and exactly, and reports everything that is
// wrong at once. What it returns may share memory with its input: copy what you keep.
//
// Its errors are [SyntaxError] and [competition.InvalidError]. It knows no engine
// and no rule of a competition, except what ids and texts may look like. Reading
// starts at [Form] and [Query]; [ReadSync] is the hot path.
package decode
