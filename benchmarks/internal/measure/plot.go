package measure

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
)

// theme is the style of all plots, for light and dark. Series are called one,
// two, three; they are told apart by labels, never by colour alone.
const theme = `<style>
svg { --bg: #f7f8f5; --ink: #16201b; --muted: #55625b; --line: #dfe4df; --one: #0b7a4b; --two: #b3401f; --three: #55625b; --goal: #8a5a00; font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --bg: #0f1512; --ink: #e9f0ec; --muted: #9fb0a7; --line: #2a352f; --one: #4fd69b; --two: #ff9270; --three: #9fb0a7; --goal: #f0b84f; } }
text { fill: var(--muted); font-variant-numeric: tabular-nums; } .title { fill: var(--ink); font-size: 16px; font-weight: 650; } .ink { fill: var(--ink); } .caption { font-size: 11px; }
.grid { stroke: var(--line); } .goal { stroke: var(--goal); stroke-dasharray: 6 4; } text.goal { fill: var(--goal); stroke: none; }
.one, .two, .three { fill: none; stroke: var(--one); stroke-width: 2.5; } .two { stroke: var(--two); } .three { stroke: var(--three); } .dashed { stroke-dasharray: 2 4; }
text.one { fill: var(--one); stroke: none; } text.two { fill: var(--two); stroke: none; } text.three { fill: var(--three); stroke: none; }
.bar { fill: var(--one); } .bar.other { fill: var(--three); } .spread { stroke: var(--ink); stroke-width: 1.5; }
</style>
`

// Plot is an SVG that is being drawn.
type Plot struct {
	bytes.Buffer
	Width, Height int // pixels
}

// NewPlot begins a plot with its title at x.
func NewPlot(width, height, x int, title string) *Plot {
	p := &Plot{Width: width, Height: height}
	fmt.Fprintf(p, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n%s", width, height, escape(title), theme)
	fmt.Fprintf(p, `<rect width="%d" height="%d" fill="var(--bg)"/>`+"\n", width, height)
	p.Text(float64(x), 28, "title", "", "%s", title)
	return p
}

// Text writes text at a place; class and anchor (start, middle or end) may be
// empty.
func (p *Plot) Text(x, y float64, class, anchor, format string, args ...any) {
	fmt.Fprintf(p, `<text x="%.1f" y="%.1f"`, x, y)
	if class != "" {
		fmt.Fprintf(p, ` class="%s"`, class)
	}
	if anchor != "" {
		fmt.Fprintf(p, ` text-anchor="%s"`, anchor)
	}
	fmt.Fprintf(p, ">%s</text>\n", escape(fmt.Sprintf(format, args...)))
}

// Path draws a path of SVG's own language.
func (p *Plot) Path(class, path string) {
	fmt.Fprintf(p, `<path class="%s" d="%s"/>`+"\n", class, path)
}

// Save ends the plot with lines of caption and puts it into a file.
func (p *Plot) Save(path string, x int, caption ...string) error {
	for i, line := range caption {
		p.Text(float64(x), float64(p.Height-8-16*(len(caption)-1-i)), "caption", "", "%s", line)
	}
	p.WriteString("</svg>\n")
	return save(path, p.Bytes())
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// NiceStep rounds a step up to 1, 2 or 5 times a power of ten.
func NiceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, factor := range []float64{1, 2, 5} {
		if step <= factor*power {
			return factor * power
		}
	}
	return 10 * power
}

// Met says whether a goal is.
func Met(yes bool) string {
	if yes {
		return "met"
	}
	return "MISSED"
}
