//go:build interop

package interop

import (
	"path/filepath"
	"testing"
)

// TestWebhooksInTypeScript and TestWebhooksInPython let the library that Standard
// Webhooks publishes sign deliveries, which our client libraries must trust.
func TestWebhooksInTypeScript(t *testing.T) {
	dir := stage(t, "testdata/webhook")
	write(t, `{"type":"module"}`, dir, "package.json")
	// Beside the scripts: another test compiles the library in its own folder.
	must(t, root+"/sdk/typescript", nil, tool(t, typescriptTools, "tsc"), "--outDir", filepath.Join(dir, "florin"))
	held(t, must(t, dir, nil, "node", "signed.mjs"))
}

func TestWebhooksInPython(t *testing.T) {
	library, err := filepath.Abs(root + "/sdk/python")
	if err != nil {
		t.Fatal(err)
	}
	python, environment := tool(t, pythonTools, "python"), []string{"PYTHONPATH=" + filepath.Join(library, "src")}
	held(t, must(t, "testdata/webhook", environment, python, "-B", "signed.py"))
	// The library's own test checks public keys where cryptography is installed, as it is here.
	t.Log(must(t, library, environment, python, "-B", "-m", "unittest", "-v", "tests.test_webhook.Ed25519WebhookTest"))
}
