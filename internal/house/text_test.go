package house

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The character classes keep these patterns from finding themselves.
var (
	left    = regexp.MustCompile(`\b(?:TOD[O]|FIXM[E]|HAC[K])\b|\bXX[X]:`)
	outside = regexp.MustCompile(`/wor[k]/|/far[m]/|\.\./share[d]|share[d]/design|\.\./\.librar[y]|\b[Ii]ssues? #?[0-9]`)
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```|`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)(?:\s+"[^"]*")?\)`)
	scheme  = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)
)

// nothingLeft: what is unfinished is said in the change's message, not left in code.
func nothingLeft(t *tree) []string {
	return t.matches(left, "finish it, or leave it out")
}

// standsAlone: whoever has the repository has everything it speaks of.
func standsAlone(t *tree) []string {
	return t.matches(outside, "a reader of this repository cannot see that; say what it says")
}

func (t *tree) matches(pattern *regexp.Regexp, cure string) (bad []string) {
	for _, f := range append(slices.Clone(t.files), t.other...) {
		for i, line := range strings.Split(string(f.text), "\n") {
			if found := pattern.FindString(line); found != "" {
				bad = append(bad, fmt.Sprintf("%s:%d: %q: %s", f.path, i+1, found, cure))
			}
		}
	}
	return bad
}

// linksLead: a link inside the repository leads to a file that exists.
func linksLead(t *tree) (bad []string) {
	for _, f := range t.other {
		if f.path == standards {
			bad = append(bad, standardsLead(t, string(f.text))...)
		}
		if path.Ext(f.path) != ".md" {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(string(f.text), ""), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || scheme.MatchString(target) {
				continue
			}
			if _, err := fs.Stat(t.all, path.Join(path.Dir(f.path), target)); err != nil {
				bad = append(bad, fmt.Sprintf("%s: the link to %s leads nowhere", f.path, m[1]))
			}
		}
	}
	return bad
}

// standards lists what is kept of which standard, and where.
const standards = "spec/index.tsv"

// standardsLead: a standard that is kept names the file that keeps it.
func standardsLead(t *tree, text string) (bad []string) {
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n")[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != 4 {
			bad = append(bad, fmt.Sprintf("%s:%d: want four cells with tabs between", standards, i+2))
			continue
		}
		_, err := fs.Stat(t.all, cells[3])
		if missing := cells[3] == "-"; missing != (cells[2] == "No") || !missing && err != nil {
			bad = append(bad, fmt.Sprintf("%s:%d: %s is %s, and %s is no file that keeps it", standards, i+2, cells[0], cells[2], cells[3]))
		}
	}
	return bad
}
