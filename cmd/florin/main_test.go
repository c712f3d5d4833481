package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/vault"
)

// florin runs a command line in this process.
func florin(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

func TestTheStoryHolds(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	code, out, errs := florin(t, "demo", "--exit", "--data", data, "--listen", "127.0.0.1:0")
	if code != 0 || strings.Contains(out, "✗") || strings.Count(out, "✓") < 13 {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	if code, out, errs := florin(t, "ledger", "verify", "--data", data); code != 0 {
		t.Errorf("ledger verify: exit %d\n%s%s", code, out, errs)
	}
	if code, out, errs := florin(t, "doctor", "--data", data); code != 0 {
		t.Errorf("doctor: exit %d\n%s%s", code, out, errs)
	}
}

// TestASandboxIsShownOnPurpose: and then it warns.
func TestASandboxIsShownOnPurpose(t *testing.T) {
	for listen, loud := range map[string]bool{"0.0.0.0:0": true, ":8080": true, "192.0.2.1:80": true, "[::]:0": true, "127.0.0.1:0": false, "[::1]:0": false, "localhost:80": false} {
		c := devCommand{listening: listening{Listen: listen, Ops: "127.0.0.1:0"}, Public: true}
		if warning, err := c.exposed(); err != nil || loud != strings.HasPrefix(warning, "WARNING") {
			t.Errorf("%s on purpose: %q, %v", listen, warning, err)
		}
		c.Public = false
		if warning, err := c.exposed(); warning != "" || loud != (err != nil) {
			t.Errorf("%s by accident: %q, %v", listen, warning, err)
		}
	}
}

// Each mistake of a hurried person gets a sentence that names the cure.
func TestMistakesAreExplained(t *testing.T) {
	open := t.TempDir()
	if err := os.Chmod(open, 0o755); err != nil { //nolint:gosec // that is the mistake
		t.Fatal(err)
	}
	busy, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for _, x := range []struct {
		args string
		code int
		cure string
	}{
		{"", 2, "florin --help"},
		{"sevre", 2, "florin --help"},
		{"ledger verify --data " + filepath.Join(open, "none"), 1, "give --data or --database"},
		{"dev --data " + filepath.Join(open, "d") + " --database mysql://x", 1, "must begin with postgres://"},
		{"dev --data " + filepath.Join(open, "d") + " --listen " + busy.Addr().String(), 1, "--listen"},
		{"dev --data " + filepath.Join(open, "e") + " --listen 0.0.0.0:0", 1, "--public"},
		{"dev --data " + filepath.Join(open, "e") + " --listen :0", 1, "--public"},
		{"demo --exit --data " + filepath.Join(open, "e") + " --listen [::]:0", 1, "--public"},
		{"dev --data " + filepath.Join(open, "e") + " --ops 0.0.0.0:0", 1, "loopback"},
		{"dev --data " + filepath.Join(open, "e") + " --public --ops 0.0.0.0:0", 1, "loopback"},
		{"dev --data " + filepath.Join(open, "d") + " --log loud", 1, "debug, info, warn or error"},
		{"serve --data " + filepath.Join(open, "s"), 1, "florin key new-kek"},
		{"serve --data " + filepath.Join(open, "s") + " --listen 0.0.0.0:80", 1, "--behind-proxy"},
		{"serve --data " + filepath.Join(open, "s") + " --ops 0.0.0.0:80", 1, "loopback"},
		{"serve --data " + open, 1, "chmod 700"},
		{"dev --data " + filepath.Join(open, "d") + " --sandbox-rail 10.0.0.1:7400", 1, "loopback"},
		{"dev --data " + filepath.Join(open, "d") + " --sandbox-rail-listen :7400", 1, "loopback"},
		{"dev --data " + filepath.Join(open, "d") + " --sandbox-rail 127.0.0.1:1 --sandbox-rail-listen 127.0.0.1:1", 1, "leave one out"},
		{"dev --data " + filepath.Join(open, "d") + " --sandbox-rail-listen " + busy.Addr().String(), 1, "--sandbox-rail-listen"},
		{"bench run --data " + open + " --scenarios walet_64", 1, "wallet_64"},
		{"key new-kek " + open, 1, "choose another name"},
	} {
		code, out, errs := florin(t, strings.Fields(x.args)...)
		if code != x.code || !strings.Contains(errs, x.cure) {
			t.Errorf("florin %s: exit %d, %q %q; want exit %d and %q", x.args, code, out, errs, x.code, x.cure)
		}
	}
}

// Beside PostgreSQL nothing else makes the data folder that keeps the sandbox's key.
func TestASandboxIsSettledInANewFolder(t *testing.T) {
	place := place{Data: filepath.Join(t.TempDir(), "database")}
	h, err := openHouse(t.Context(), houseConfig{place: place, kek: kekOf(t), log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	data := filepath.Join(t.TempDir(), "new", "folder")
	if _, err := settle(t.Context(), h, data); err != nil {
		t.Fatal(err)
	}
	if w, err := readWorld(data); err != nil || w.Wallet == "" {
		t.Errorf("nothing is kept: %+v, %v", w, err)
	}
}

// TestASandboxOfAnOlderRelease gets a key with the scopes that came since; the old one goes on.
func TestASandboxOfAnOlderRelease(t *testing.T) {
	data := t.TempDir()
	h, err := openHouse(t.Context(), houseConfig{place: place{Data: data}, kek: kekOf(t), log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	old := world{SandboxKey: apikey.NewSecret(false)}
	if _, err := h.keys.CreateWithSecret(t.Context(), apikey.Draft{Merchant: worldMerchant, Scopes: apikey.ScopesOf([]string{"payments:read"})}, old.SandboxKey); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(filepath.Join(data, worldFile), old); err != nil {
		t.Fatal(err)
	}
	w, err := settle(t.Context(), h, data)
	if err != nil {
		t.Fatal(err)
	}
	for secret, want := range map[string]apikey.Scopes{old.SandboxKey: apikey.ScopesOf([]string{"payments:read"}), w.SandboxKey: apikey.AllScopes()} {
		if k, err := h.keys.Authenticate(t.Context(), secret); err != nil || k.Scopes != want {
			t.Errorf("%v, %v; want %v", k.Scopes, err, want)
		}
	}
	if again, err := settle(t.Context(), h, data); err != nil || again != w {
		t.Errorf("started again it has %+v, not %+v, %v", again, w, err)
	}
}

func kekOf(t *testing.T) vault.Wrapper {
	t.Helper()
	w, err := devKEK(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return w
}
