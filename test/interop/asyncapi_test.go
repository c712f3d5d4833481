//go:build interop

package interop

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAsyncAPI gives both forms of the document of events to the public parser, which must
// find no error; what else it says is shown. Each example must be what its schema says.
func TestAsyncAPI(t *testing.T) {
	t.Parallel()
	s := dev(t)
	dir := stage(t, "testdata/asyncapi")
	var names []string
	for _, name := range []string{"asyncapi.json", "asyncapi.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), fetch(t, s.URL+"/"+name), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	held(t, must(t, dir, nil, "node", append([]string{"parse.mjs"}, names...)...))
	same := "import json, yaml; assert json.load(open('asyncapi.json')) == yaml.load(open('asyncapi.yaml'), yaml.CSafeLoader if hasattr(yaml, 'CSafeLoader') else yaml.SafeLoader)"
	if out, err := run(t, patience, dir, nil, tool(t, pythonTools, "python"), "-c", same); err != nil {
		t.Errorf("the two forms differ: %v\n%s", err, out)
	}
}

// TestTheParserCanFail spoils the document in ways that must be seen.
func TestTheParserCanFail(t *testing.T) {
	t.Parallel()
	s := dev(t)
	dir := stage(t, "testdata/asyncapi")
	document := fetch(t, s.URL+"/asyncapi.json")
	for name, change := range map[string][2]string{
		"an action that there is not": {`"action": "send"`, `"action": "sent"`},
		"a reference to nothing":      {`"#/components/schemas/Event"`, `"#/components/schemas/None"`},
		"an example of another type":  {`"type": "payer.created",`, `"type": "payer.lost",`},
	} {
		spoiled := bytes.Replace(document, []byte(change[0]), []byte(change[1]), 1)
		if err := os.WriteFile(filepath.Join(dir, "spoiled.json"), spoiled, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, patience, dir, nil, "node", "parse.mjs", "spoiled.json"); err == nil || !strings.Contains(out, ": error ") {
			t.Errorf("%s passes: %v\n%s", name, err, out)
		}
	}
}
