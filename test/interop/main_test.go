//go:build interop

package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	s := process.Dev(t, binary, nil, append([]string{"--data", filepath.Join(t.TempDir(), "data")}, flags...)...)
	t.Cleanup(func() { s.Stop(t) })
	return s
}

// serve starts 'florin serve', as in production, on what dir holds and stops it when the
// test ends.
func serve(t *testing.T, dir string, flags ...string) *process.Process {
	t.Helper()
	place := inProduction(dir)
	kek := filepath.Join(dir, "kek")
	if _, err := os.Stat(kek); errors.Is(err, os.ErrNotExist) {
		must(t, dir, nil, binary, "key", "new-kek", kek)
	}
	s := process.Serve(t, binary, nil, append(place, flags...)...)
	t.Cleanup(func() { s.Stop(t) })
	return s
}

// inProduction are the flags with which commands find what dir holds.
func inProduction(dir string) []string {
	return []string{"--data", filepath.Join(dir, "data"), "--kek-file", filepath.Join(dir, "kek")}
}

const root = "../.." // of the repository

// What make interop installs.
const (
	goTools         = root + "/bin/interop"
	nodeTools       = root + "/tools/interop/node_modules/.bin"
	pythonTools     = root + "/.venv-interop/bin"
	typescriptTools = root + "/sdk/typescript/node_modules/.bin"
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

// patience is how long a program may run, on a busy machine, that nobody gives more time.
const patience = 5 * time.Minute

// must runs a program in a folder to its good end and gives what it printed.
func must(t *testing.T, dir string, environment []string, name string, args ...string) string {
	t.Helper()
	out, err := run(t, patience, dir, environment, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
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

// answer is what the server said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a request with the key of s, in JSON unless the headers, which come in
// pairs, name another format.
func ask(t *testing.T, s *process.Process, verb, path, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), verb, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Bearer " + s.Key}, "Content-Type": {"application/json"}}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := send(http.DefaultClient, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// fetch reads a document of the server.
func fetch(t *testing.T, url string) []byte {
	t.Helper()
	a, err := get(http.DefaultClient, url)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, a.status, err)
	}
	return a.body
}

func get(client *http.Client, url string) (answer, error) {
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return answer{}, err
	}
	return send(client, r)
}

func send(client *http.Client, r *http.Request) (answer, error) {
	a, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	return answer{a.StatusCode, a.Header, text}, err
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

// keep writes a file of the test's own.
func keep(t *testing.T, name string, text []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// freePort is a port that is free now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
