//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/test/process"
)

// TestOpenAPILint: two public linters find nothing in either form of the document.
func TestOpenAPILint(t *testing.T) {
	t.Parallel()
	s := dev(t)
	dir := t.TempDir()
	for _, name := range []string{"openapi.json", "openapi.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), fetch(t, s.URL+"/"+name), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := run(t, patience, dir, []string{"REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true"},
			tool(t, nodeTools, "redocly"), "lint", "--config", given(t, "redocly.yaml"), "--format", "json", name)
		if err != nil || !strings.Contains(strings.Join(strings.Fields(out), ""), `"totals":{"errors":0,"warnings":0,"ignored":0}`) {
			t.Errorf("redocly on %s: %v\n%s", name, err, out)
		}
		if out, err := run(t, patience, dir, nil, tool(t, nodeTools, "spectral"), "lint", "--ruleset", given(t, "spectral.yaml"), "--fail-severity", "hint", name); err != nil {
			t.Errorf("spectral on %s: %v\n%s", name, err, out)
		}
	}
	same := "import json, yaml; assert json.load(open('openapi.json')) == yaml.load(open('openapi.yaml'), yaml.CSafeLoader if hasattr(yaml, 'CSafeLoader') else yaml.SafeLoader)"
	if out, err := run(t, patience, dir, nil, tool(t, pythonTools, "python"), "-c", same); err != nil {
		t.Errorf("the two forms differ: %v\n%s", err, out)
	}
}

// TestLintersCanFail spoils the document in a way that each linter must see.
func TestLintersCanFail(t *testing.T) {
	t.Parallel()
	s := dev(t)
	dir := t.TempDir()
	spoiled := bytes.ReplaceAll(fetch(t, s.URL+"/openapi.json"), []byte(`"operationId": "getPayment"`), []byte(`"operationId": "getRefund"`))
	if err := os.WriteFile(filepath.Join(dir, "openapi.json"), spoiled, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, patience, dir, []string{"REDOCLY_TELEMETRY=off"}, tool(t, nodeTools, "redocly"), "lint", "--config", given(t, "redocly.yaml"), "openapi.json"); err == nil {
		t.Errorf("redocly passes two operations of one name:\n%s", out)
	}
	if out, err := run(t, patience, dir, nil, tool(t, nodeTools, "spectral"), "lint", "--ruleset", given(t, "spectral.yaml"), "--fail-severity", "hint", "openapi.json"); err == nil {
		t.Errorf("spectral passes two operations of one name:\n%s", out)
	}
}

// fuzzFor bounds the fuzzer's run on a busy machine; it ends by itself much earlier.
const fuzzFor = 15 * time.Minute

// TestSchemathesis sends what the document allows and what it forbids, and compares
// the answers with the document. FLORIN_SEED makes other choices.
func TestSchemathesis(t *testing.T) {
	t.Parallel()
	s := dev(t)
	seed := os.Getenv("FLORIN_SEED")
	if seed == "" {
		seed = "1"
	}
	out, err := schemathesis(t, s, s.URL+"/openapi.json", "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "80", "--seed", seed,
		"--exclude-operation-id", "streamEvents", // has no end
		"--exclude-operation-id", "moveSandboxClock") // would end what the others need
	if err != nil {
		t.Errorf("schemathesis: %v\n%s", err, out)
	}
	if _, summary, ok := strings.Cut(out, "SUMMARY"); ok {
		t.Log(summary)
	}
	if said := s.Errors(); strings.Contains(said, "goroutine ") || strings.Contains(said, `"level":"ERROR"`) {
		t.Errorf("the server logged failures of its own:\n%s", said)
	}
}

func schemathesis(t *testing.T, s *process.Process, document string, more ...string) (string, error) {
	t.Helper()
	environment := []string{
		"SCHEMATHESIS_HOOKS=" + given(t, "schemathesis_hooks.py"),
		"FLORIN_OWN_KEY=" + ownKey(t, s), "FLORIN_PAYER=" + s.Payer, "FLORIN_WALLET=" + s.Wallet,
	}
	args := append([]string{
		"--config-file", given(t, "schemathesis.toml"), "run", document, "--url", s.URL, "--header", "Authorization: Bearer " + s.Key,
		"--checks", "all", "--mode", "all", "--continue-on-failure", "--no-color",
	}, more...)
	return run(t, fuzzFor, t.TempDir(), environment, tool(t, pythonTools, "schemathesis"), args...)
}

// TestSchemathesisCanFail spoils the document in the ways that it must see: a request
// that it allows is refused, and one that it forbids is not.
func TestSchemathesisCanFail(t *testing.T) {
	t.Parallel()
	s := dev(t)
	document := fetch(t, s.URL+"/openapi.json")
	for name, failure := range map[string]string{
		`"maxLength": 300`: "form_is_documented",
		`"maxLength": 3`:   "Schema-violating request accepted",
	} {
		spoiled := keep(t, "openapi.json", bytes.ReplaceAll(document, []byte(`"maxLength": 200`), []byte(name)))
		out, err := schemathesis(t, s, spoiled, "--phases", "coverage", "--include-operation-id", "createPayer", "--seed", "1")
		if err == nil || !strings.Contains(out, failure) {
			t.Errorf("%s instead of 200 in the document passes, or fails otherwise: %v\n%s", name, err, out)
		}
	}
}

// ownKey is the id of the key that the tests call with.
func ownKey(t *testing.T, s *process.Process) string {
	t.Helper()
	a := ask(t, s, "GET", "/v1/api_keys", "")
	var list struct{ Data []struct{ ID string } }
	if err := json.Unmarshal(a.body, &list); err != nil || len(list.Data) != 1 {
		t.Fatalf("the keys: %+v, %v", list, err)
	}
	return list.Data[0].ID
}
