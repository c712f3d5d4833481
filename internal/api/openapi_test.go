package api

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestOpenAPIGolden shows reviewers what a change does to the document.
func TestOpenAPIGolden(t *testing.T) {
	d := wholeContract().Describe("golden")
	golden(t, "openapi.golden.yaml", d.YAML)
	if again := wholeContract().Describe("golden"); !bytes.Equal(again.YAML, d.YAML) || !bytes.Equal(again.JSON, d.JSON) {
		t.Error("the same door gives another document the second time")
	}
}

// TestAsyncAPIGolden does the same for the events.
func TestAsyncAPIGolden(t *testing.T) {
	d := wholeContract().DescribeEvents("golden", "https://florin.example")
	golden(t, "asyncapi.golden.yaml", d.YAML)
	if again := wholeContract().DescribeEvents("golden", "https://florin.example"); !bytes.Equal(again.YAML, d.YAML) || !bytes.Equal(again.JSON, d.JSON) {
		t.Error("the same door gives another document the second time")
	}
}

// TestEveryOperationCanRefuse: each operation of the contract says how it refuses,
// and each that creates how it is retried.
func TestEveryOperationCanRefuse(t *testing.T) {
	door := wholeContract()
	var d struct {
		Paths map[string]map[string]struct {
			Responses  map[string]any
			Parameters []map[string]any
		}
	}
	if err := json.Unmarshal(door.Describe("test").JSON, &d); err != nil {
		t.Fatal(err)
	}
	for _, r := range door.Routes() {
		o := d.Paths[r.URL][strings.ToLower(r.Verb)]
		for _, status := range []string{"200", "400", "401", "403", "406", "429", "500", "503"} {
			if o.Responses[status] == nil {
				t.Errorf("%s %s does not say %s", r.Verb, r.URL, status)
			}
		}
		retried := slices.ContainsFunc(o.Parameters, func(p map[string]any) bool { return p["$ref"] == "#/components/parameters/IdempotencyKey" })
		if refused := o.Responses["402"] != nil; refused != r.MovesMoney || retried != r.Creates {
			t.Errorf("%s %s: 402 %t, Idempotency-Key %t; moves money %t, creates %t", r.Verb, r.URL, refused, retried, r.MovesMoney, r.Creates)
		}
	}
	if got, want := len(d.Paths["/healthz"])+len(d.Paths["/readyz"]), 2; got != want {
		t.Errorf("%d probes, want %d", got, want)
	}
}
