// Package benchmarks measures the whole of Paceboard where a package's own
// benchmarks cannot: live holds the load harness, results what runs gave, and
// the benchmark here what many subscribers take of memory.
package benchmarks
