package bench

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// WireHeading is the heading of the section that [Wire.Markdown] gives.
const WireHeading = "## Bytes on the wire"

const wirePreface = "Written by `florin bench wire`. Bodies of answers in bytes, by format and Content-Encoding, and in brackets as a share of the plain\n" +
	"one. \"Huffman alone\" is what Huffman coding without looking for repeats would give; nobody sends that. What makes the difference:\n" +
	"[transmission](api/transmission.md).\n\n"

// Text renders the figures for a terminal.
func (w Wire) Text() string {
	var b strings.Builder
	for i, table := range w.tables() {
		if i > 0 {
			b.WriteByte('\n')
		}
		width := make([]int, len(table[0]))
		for _, line := range table {
			for i, cell := range line {
				width[i] = max(width[i], utf8.RuneCountInString(cell))
			}
		}
		for _, line := range table {
			var padded []string
			for i, cell := range line {
				padded = append(padded, pad(cell, width[i], i == 0))
			}
			b.WriteString(strings.TrimRight(strings.Join(padded, "  "), " ") + "\n")
		}
	}
	return b.String()
}

// Markdown renders the figures as a section of a page.
func (w Wire) Markdown() string {
	var b strings.Builder
	b.WriteString(WireHeading + "\n\n" + wirePreface)
	for _, table := range w.tables() {
		for i, line := range table {
			b.WriteString("| " + strings.Join(line, " | ") + " |\n")
			if i == 0 {
				b.WriteString("|---" + strings.Repeat("|---:", len(line)-1) + "|\n")
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "The dictionary of dcz has %s bytes and is fetched once.\n", grouped(float64(w.Dictionary)))
	return b.String()
}

func (w Wire) tables() [][][]string {
	bodies := [][]string{{"answer", "identity", "Huffman alone", "gzip", "zstd", "dcz"}}
	for _, r := range w.Bodies {
		of := func(n int) string {
			return fmt.Sprintf("%s (%.1f %%)", grouped(float64(n)), 100*float64(n)/float64(r.Plain))
		}
		bodies = append(bodies, []string{r.Answer + ", " + r.Format, grouped(float64(r.Plain)), of(r.Huffman), of(r.Gzip), of(r.Zstd), of(r.Dcz)})
	}
	headers := [][]string{{"header", "of the request", "of the answer"}}
	for _, r := range w.Headers {
		headers = append(headers, []string{r.Protocol, fmt.Sprint(r.Request), fmt.Sprint(r.Answer)})
	}
	return [][][]string{bodies, headers}
}

// Section is the part of a Markdown page from a heading of the second level to the
// next; "" if there is none.
func Section(page, heading string) string {
	_, after, found := strings.Cut("\n"+page, "\n"+heading+"\n")
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(after, "\n## ")
	return heading + "\n" + strings.TrimRight(text, "\n") + "\n"
}

// WithSection puts a section in place of the one with its heading, or last. An empty
// section changes nothing.
func WithSection(page, section string) string {
	heading, _, _ := strings.Cut(section, "\n")
	if old := Section(page, heading); old != "" && section != "" {
		return strings.Replace(page, old, section, 1)
	}
	if section == "" {
		return page
	}
	return strings.TrimRight(page, "\n") + "\n\n" + section
}
