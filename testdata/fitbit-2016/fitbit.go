// Package fitbit holds real activity of 33 people, 12 April to 12 May 2016, for
// the demo and for tests. README.md beside it says where it is from.
package fitbit

import _ "embed" // for the files

// DailyCSV has a row for each person and day: user_id, date, steps, distance_m,
// calories_kcal, active_minutes.
//
//go:embed daily.csv
var DailyCSV []byte

// HourlyCSV has a row for each person and hour: user_id, hour, and the steps
// and calories_kcal within that hour.
//
//go:embed hourly.csv
var HourlyCSV []byte

// Names are shown for the people of the data, who have numbers only; they are made up.
var Names = []string{
	"Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko",
	"Lars", "Mira", "Nils", "Olga", "Pablo", "Quinn", "Rosa", "Samir", "Tilda", "Umar", "Vera",
	"Wanda", "Xenia", "Yusuf", "Zoe", "Anton", "Bella", "Cem", "Dana", "Emil", "Freya", "Goran",
}
