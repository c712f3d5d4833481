//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sandbox is what the ready file of a running 'florin dev' tells.
type sandbox struct {
	URL string `json:"url"`
	Key string `json:"sandbox_key"`
}

// startSandbox builds florin and runs it until the test ends.
func startSandbox(t *testing.T) (s sandbox) {
	t.Helper()
	dir := t.TempDir()
	binary, readyFile := filepath.Join(dir, "florin"), filepath.Join(dir, "ready.json")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/florin")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build florin: %v\n%s", err, out)
	}
	var said strings.Builder
	server := exec.Command(binary, "dev", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data"), "--ready-file", readyFile)
	server.Stderr, server.Env = &said, withoutOurs()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(40 * time.Second):
			_ = server.Process.Kill()
			t.Error("florin did not stop")
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(readyFile)
		if err == nil && json.Unmarshal(text, &s) == nil {
			return s
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("florin ended while starting: %v\n%s", err, said.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("florin is not ready after 30 s")
		}
	}
}

// withoutOurs is the environment without settings of florin's own.
func withoutOurs() (list []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "FLORIN_") {
			list = append(list, v)
		}
	}
	return list
}
