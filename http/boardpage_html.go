package http

import (
	"errors"
	"fmt"
	"html"
	"io/fs"
	"strings"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// boardPage is the page of board links, around its title.
type boardPage struct {
	before, after string // the title and what a preview shows
	policy        string // Content-Security-Policy
	framed        string // the same where the page may stand in pages of others
}

const boardPageName = "board.html"

// newBoardPage reads the page, of which other sites may show what embed says: origins, or
// "*" alone. It returns nil if there is none.
func newBoardPage(page fs.FS, policy string, embed []string) *boardPage {
	if page == nil {
		return nil
	}
	text, err := fs.ReadFile(page, boardPageName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	before, rest, begins := strings.Cut(string(text), "<title>")
	_, after, ends := strings.Cut(rest, "</title>")
	if err != nil || !begins || !ends {
		panic(fmt.Errorf("read the page of board links, which must have a title: %w", err))
	}
	p := &boardPage{before: before, after: after, policy: policy, framed: policy}
	if len(embed) > 0 {
		p.framed = strings.Replace(policy, noFrames, "frame-ancestors "+strings.Join(embed, " "), 1)
	}
	return p
}

// append writes the page of a competition's board, or that there is none, as status says.
func (p *boardPage) append(dst []byte, title, description, board string, status int) []byte {
	title = html.EscapeString(title)
	dst = append(append(append(append(dst, p.before...), "<title>"...), title...), " · Paceboard</title>"...)
	dst = fmt.Appendf(dst, "\n    <meta name=\"board\" content=\"%s\" data-status=\"%d\">", html.EscapeString(board), status)
	if description != "" {
		for _, field := range [][2]string{{"og:site_name", "Paceboard"}, {"og:type", "website"}, {"og:title", title}, {"og:description", html.EscapeString(description)}} {
			dst = fmt.Appendf(dst, "\n    <meta property=\"%s\" content=\"%s\">", field[0], field[1])
		}
	}
	return append(dst, p.after...)
}

// describe says what a competition is in a preview: its days, and how many take part.
func describe(s *competition.Summary) string {
	d := &s.Definition
	zone, err := time.LoadLocation(d.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	day := func(at time.Time) string { return at.In(zone).Format("2 January 2006") }
	text := "Live standings, " + day(d.Start.Time()) + " to " + day((d.End - 1).Time())
	switch s.Participants {
	case 0:
		return text
	case 1:
		return text + ", one athlete"
	}
	return fmt.Sprintf("%s, %d athletes", text, s.Participants)
}
