// Package clock decides what time it is while the machine's wall clock cannot be relied
// on: after a jump, the time that was in use goes on by the monotonic clock until the new
// one has proved itself. Reading starts at [Clock].
//
// It sets no clock, and does not correct one that is wrong without jumping. Before
// anything that cannot be taken back, those who use the time ask [Clock.Settled].
//
// What counts as a jump, and what ends it:
//
//   - The wall clock has moved by more than [Tolerance] against the monotonic clock. NTP
//     that slews, by a thousandth or even by a tenth, is no jump: the two are compared every
//     second. Nor is a machine that was asleep: CLOCK_BOOTTIME, which nobody can set, says
//     for how long (Linux only; elsewhere a sleep counts as a jump).
//   - The wall clock comes back: it is in use again.
//   - It stays where it is for Options.Stable, a minute: it is in use from then on.
//   - The database agrees with it: it is in use at once. A database whose own clock jumped
//     by as much proves nothing, as the two may be on one machine.
//   - The database agrees with the time in use instead: then the wall clock is wrong for as
//     long as that lasts, and the time in use is settled.
//
// A start has nothing to compare with except the database's clock. If the two are apart,
// or if the database's clock jumps, the time is in use but not settled for Options.Stable.
package clock
