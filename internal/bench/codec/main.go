// Command codec turns what go test -bench prints of the codecs into a section of
// docs/benchmarks.md:
//
//	go test -run '^$' -bench RoundTrip -benchmem -count 5 ./internal/wire | go run ./internal/bench/codec -markdown docs/benchmarks.md
//
// Each line of the table is the median of the runs; the ratio is to ours in the format.
package main

import (
	"bufio"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/florinpay/florin/internal/bench"
)

const heading = "## Codecs"

const preface = "Written by `make bench-codec`. One request for a payment is read, held to the contract's rules and answered with a payment: all that a call\n" +
	"costs in a format. The libraries work on the same message, with the same validator and fewer checks of their own. Medians of the runs.\n\n"

func main() {
	file := flag.String("markdown", "", "page to write the section into")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *file); err != nil {
		fmt.Fprintln(os.Stderr, "codec:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, file string) error {
	list, err := read(in)
	if err != nil {
		return err
	}
	section := render(list)
	if _, err := io.WriteString(out, section); err != nil || file == "" {
		return err
	}
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(bench.WithSection(string(page), section)), 0o644) //nolint:gosec // a page to be read
}

// measured are the runs of one codec.
type measured struct {
	format, codec string
	nanos         []float64
	bytes, allocs int64
}

var line = regexp.MustCompile(`^Benchmark\w+/(\w+)/(\w+)-\d+\s+\d+\s+([\d.]+) ns/op.*\s(\d+) B/op\s+(\d+) allocs/op`)

var errEmpty = errors.New("no benchmark of the form Benchmark…/format/codec on standard input")

func read(in io.Reader) (list []*measured, err error) {
	scan := bufio.NewScanner(in)
	for scan.Scan() {
		found := line.FindStringSubmatch(scan.Text())
		if found == nil {
			continue
		}
		i := slices.IndexFunc(list, func(m *measured) bool { return m.format == found[1] && m.codec == found[2] })
		if i < 0 {
			i = len(list)
			list = append(list, &measured{format: found[1], codec: found[2]})
		}
		nanos, err := strconv.ParseFloat(found[3], 64)
		if err != nil {
			return nil, err
		}
		list[i].nanos = append(list[i].nanos, nanos)
		list[i].bytes, _ = strconv.ParseInt(found[4], 10, 64)  // digits, by the pattern
		list[i].allocs, _ = strconv.ParseInt(found[5], 10, 64) // the same
	}
	if len(list) == 0 {
		return nil, cmp.Or(scan.Err(), errEmpty)
	}
	return list, scan.Err()
}

func (m *measured) median() float64 {
	slices.Sort(m.nanos)
	return m.nanos[len(m.nanos)/2]
}

func render(list []*measured) string {
	ours := map[string]float64{}
	for _, m := range list {
		if m.codec == "ours" {
			ours[m.format] = m.median()
		}
	}
	var b strings.Builder
	b.WriteString(heading + "\n\n" + preface + "| format | codec | µs | of ours | B allocated | allocations |\n|---|---|---:|---:|---:|---:|\n")
	for _, m := range list {
		fmt.Fprintf(&b, "| %s | %s | %.1f | %.2f | %d | %d |\n", m.format, strings.Replace(m.codec, "_", "/", 1),
			m.median()/1000, m.median()/ours[m.format], m.bytes, m.allocs)
	}
	return b.String()
}
