//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/florinpay/florin/test/process"
)

// relying is what scripts that play clients must know of a sandbox.
func relying(s *process.Process, data string) []string {
	return []string{
		"ISSUER=" + s.Issuer, "URL=" + s.URL, "KEY=" + s.Key, "MERCHANT=" + s.Merchant, "PAYER=" + s.Payer, "WALLET=" + s.Wallet, "DATA=" + data, "FLORIN=" + binary,
	}
}

// relyingOn starts a sandbox, and gives what its clients must know.
func relyingOn(t *testing.T) []string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	return relying(dev(t, "--data", data), data)
}

// stage copies scripts to a folder where Node finds the packages that make interop
// installed: it looks for them beside the script.
func stage(t *testing.T, scripts string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(scripts)); err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Abs(root + "/tools/interop/node_modules")
	if err == nil {
		err = os.Symlink(packages, filepath.Join(dir, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// held shows a script's steps, and fails if it did not come to its end.
func held(t *testing.T, out string) {
	t.Helper()
	t.Log("\n" + out)
	if !strings.HasSuffix(strings.TrimSpace(out), "all held") {
		t.Error("the script did not come to its end")
	}
}

// TestOAuthClients lets clients' libraries that others wrote walk the flows.
func TestOAuthClients(t *testing.T) {
	for _, script := range []string{"openid_client.mjs", "oauth4webapi.mjs", "hostile.mjs"} {
		t.Run(script, func(t *testing.T) {
			held(t, must(t, stage(t, "testdata/oauth"), relyingOn(t), "node", script))
		})
	}
}

// TestOAuthInPython and TestOAuthInGo do the same with the libraries of those languages.
func TestOAuthInPython(t *testing.T) {
	held(t, must(t, "testdata/oauth", relyingOn(t), tool(t, pythonTools, "python"), "authlib_client.py"))
}

func TestOAuthInGo(t *testing.T) {
	t.Log(must(t, "relying", relyingOn(t), "go", "test", "-count=1", "-v", "./..."))
}
