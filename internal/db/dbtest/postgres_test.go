package dbtest

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestPostgresIsARealDurableServer(t *testing.T) {
	t.Setenv(Variable, "")
	url, stop, err := Postgres()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()

	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "max_connections": "200"} {
		if got, err := show(url, setting); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", setting, got, err, want)
		}
	}
	if info, err := os.Stat(socketFolder(url)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder must be the server's own: %v, %v", info, err)
	}
	stop()
	stop() // a second call does nothing
	if _, err := show(url, "fsync"); err == nil {
		t.Error("the server answers after stop")
	}
	if _, err := os.Stat(socketFolder(url)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the server's folder is left behind: %v", err)
	}
}

func TestPostgresTakesTheServerItIsGiven(t *testing.T) {
	const given = "postgres://someone@db.example/test"
	t.Setenv(Variable, given)
	url, stop, err := Postgres()
	if err != nil || url != given {
		t.Fatalf("Postgres() = %q, %v; want the URL that %s holds", url, err, Variable)
	}
	stop()
}

// TestPostgresDiesWithItsTest kills a process that holds a server, as a crash or
// an impatient person would, and looks for what is left.
func TestPostgresDiesWithItsTest(t *testing.T) {
	const child = "FLORIN_DBTEST_CHILD"
	if os.Getenv(child) != "" {
		url, _, err := Postgres()
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("url " + url + "\n")
		time.Sleep(time.Minute)
		return
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	c.Env = append(os.Environ(), child+"=1", Variable+"=")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "url ")
	if err != nil || !ok {
		t.Fatalf("the child said %q, %v", line, err)
	}
	if _, err := show(url, "fsync"); err != nil {
		t.Fatalf("the child's server does not answer: %v", err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed, as asked

	for deadline := time.Now().Add(stopWait); ; time.Sleep(50 * time.Millisecond) {
		_, err := os.Stat(socketFolder(url))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server's folder outlives its test: %v", err)
		}
	}
	if _, err := show(url, "fsync"); err == nil {
		t.Error("the server outlives its test")
	}
}

func TestPostgresSaysWhyItDoesNotStart(t *testing.T) {
	bin, err := binaries(os.Getenv("PATH"), "/usr/lib/postgresql/*/bin")
	if err != nil {
		t.Fatal(err)
	}
	s, err := newCluster(bin)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	if err := os.WriteFile(filepath.Join(s.data(), "postgresql.conf"), []byte("nonsense = on\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := s.start(); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("start() = %v; want the server's own words", err)
	}
	if took := time.Since(begun); took > startWait/2 {
		t.Errorf("a server that ended was waited for: %s", took)
	}
}

func TestBinariesFindsTheServer(t *testing.T) {
	root := t.TempDir()
	for _, file := range []string{
		"lib/9.6/bin/initdb", "lib/9.6/bin/postgres",
		"lib/15/bin/initdb", "lib/15/bin/postgres",
		"lib/17/bin/initdb", // the client package only: no server
		"own/initdb", "own/postgres", "own/pg_ctl",
	} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	pattern := filepath.Join(root, "lib/*/bin")
	for _, c := range []struct{ name, path, pattern, want string }{
		{"the newest version by number", "", pattern, "lib/15/bin"},
		{"the path comes first", filepath.Join(root, "own"), pattern, "own"},
		{"a path without a server", filepath.Join(root, "empty"), pattern, "lib/15/bin"},
	} {
		got, err := binaries(c.path, c.pattern)
		if err != nil || got != filepath.Join(root, c.want) {
			t.Errorf("%s: %q, %v; want %s", c.name, got, err, c.want)
		}
	}
	_, err := binaries("", filepath.Join(root, "none/*/bin"))
	if err == nil || !strings.Contains(err.Error(), "install the Debian package postgresql") {
		t.Errorf("no server at all: %v; want the package to install", err)
	}
}

func show(url, setting string) (value string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "show "+setting).Scan(&value)
	return value, err
}

func socketFolder(url string) string {
	_, dir, _ := strings.Cut(url, "host=")
	return dir
}
