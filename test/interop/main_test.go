//go:build interop

package interop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/florinpay/florin/test/process"
)

// binary is the florin under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "florin-interop-")
	if err == nil {
		defer os.RemoveAll(dir)
		binary, err = process.Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// dev starts 'florin dev' on a fresh folder and stops it when the test ends.
func dev(t *testing.T, flags ...string) *process.Process {
	t.Helper()
	return process.Dev(t, binary, nil, append([]string{"--data", filepath.Join(t.TempDir(), "data")}, flags...)...)
}

// What tools/setup.sh interop and make interop install.
const (
	nodeTools   = "../../tools/interop/node_modules/.bin"
	pythonTools = "../../.venv-interop/bin"
)

// tool is the path of an installed program; the test fails if it is not there.
func tool(t *testing.T, dir, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: run make interop, which installs it", err)
	}
	return path
}

// run runs a program in a folder to its end, at most so long, and gives what it printed.
func run(t *testing.T, limit time.Duration, dir string, environment []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env, c.WaitDelay = dir, append(process.Clean(), environment...), time.Second
	out, err := c.CombinedOutput()
	return string(out), err
}

// fetch reads a document of the server.
func fetch(t *testing.T, url string) []byte {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, r.Status, err)
	}
	return text
}

// given is the absolute path of a file of testdata.
func given(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
