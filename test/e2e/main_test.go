// Package e2e tells stories to the real binary: it builds florin as people do,
// starts it as a process of its own on SQLite and on PostgreSQL, and talks to it
// over HTTP and the command line only.
//
// The stories are the text files of test/script; script_test.go says how they are
// read. What text cannot tell (broken bytes, kills, files, raw SQL) is in Go here.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/florinpay/florin/test/process"
)

// binary is the florin under test, built once.
var binary string

// parallelMax bounds the servers that run at once. Most of the time they wait for
// a simulated bank, so it is above the cores of a small machine.
const parallelMax = "4"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "florin-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if binary, err = process.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := flag.Set("test.parallel", parallelMax); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
