// Package benchmarks measures the whole of Paceboard where a package's own
// benchmarks cannot: harness compares its rates with those of the subjects, live
// measures many subscribers, growth how costs grow; results holds what runs gave.
// The benchmark here measures how much memory subscribers take.
package benchmarks
