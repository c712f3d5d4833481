//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// grpcRoot is the repository.
const grpcRoot = "../.."

// grpcBuild builds a program of the repository once.
func grpcBuild(module, program string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "florin-grpc-")
		if err != nil {
			return "", err
		}
		to := filepath.Join(dir, filepath.Base(program))
		c := exec.Command("go", "build", "-C", filepath.Join(grpcRoot, module), "-o", to, program)
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		c.Stderr = os.Stderr
		return to, c.Run()
	})
}

var (
	grpcFlorin = grpcBuild(".", "./cmd/florin")
	grpcCurl   = grpcBuild("tools", "github.com/fullstorydev/grpcurl/cmd/grpcurl")
)

// grpcServer is a running florin.
type grpcServer struct {
	Address string
	URL     string `json:"url"`
	Key     string `json:"sandbox_key"`
}

// grpcStart runs florin until the test ends; ready reads what it needs of the output.
func grpcStart(t *testing.T, ready func() (grpcServer, bool), errors *os.File, args ...string) grpcServer {
	t.Helper()
	binary, err := grpcFlorin()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, args...)
	c.Stderr = errors
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		<-ended
		if c.ProcessState.ExitCode() != 0 {
			text, _ := os.ReadFile(errors.Name())
			t.Errorf("florin ended with %s\n%s", c.ProcessState, text)
		}
	})
	for range 3000 {
		if s, ok := ready(); ok {
			s.Address = strings.TrimPrefix(s.URL, "http://")
			return s
		}
		select {
		case <-ended:
			text, _ := os.ReadFile(errors.Name())
			t.Fatalf("florin %v ended with %s\n%s", args, c.ProcessState, text)
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatal("florin is not ready")
	return grpcServer{}
}

func grpcFile(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// grpcDev starts the sandbox.
func grpcDev(t *testing.T) grpcServer {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "ready.json")
	return grpcStart(t, func() (s grpcServer, ok bool) {
		text, err := os.ReadFile(file)
		return s, err == nil && json.Unmarshal(text, &s) == nil
	}, grpcFile(t, "errors"), "dev", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--ready-file", file)
}

// grpcServe starts florin as in production.
func grpcServe(t *testing.T, more ...string) grpcServer {
	t.Helper()
	dir := t.TempDir()
	binary, err := grpcFlorin()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary, "key", "new-kek", filepath.Join(dir, "kek")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	log := grpcFile(t, "errors")
	args := []string{"serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--kek-file", filepath.Join(dir, "kek")}
	return grpcStart(t, func() (s grpcServer, ok bool) {
		text, _ := os.ReadFile(log.Name())
		for line := range bytes.Lines(text) {
			if bytes.Contains(line, []byte(`"msg":"ready"`)) && json.Unmarshal(line, &s) == nil {
				return s, true
			}
		}
		return s, false
	}, log, append(args, more...)...)
}
