// Package porttest holds every implementation of competition.Store to the text
// of the ports. An implementation's own tests call [Run] with ways to open,
// reopen and damage it; what is peculiar to it, such as power loss, they test
// themselves, and [Game] is there to help.
//
// What is stored are real events: a Game plays a competition as its actor does,
// so that the suite also proves that snapshot and journal rebuild the state.
package porttest
