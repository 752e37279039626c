// Package config turns flags, the environment, a .env file, and files with secrets that these name, into typed
// settings.
//
// It owns the table of settings: each has one row with its name, default, unit, meaning and checks, and
// from that row come the flag, the variable, the help text and the line of .env.example. It reports every
// mistake at once, each with where the value came from and what to do, and gives no settings at all while
// there is one. Keys and passwords are types that print as redacted.
//
// It never changes the process's environment, prints, or exits: that is for cmd. It imports nothing of ours.
//
// Reading starts at [Load] for `serve` and at [Command] for the other subcommands; the table is in table.go.
package config
