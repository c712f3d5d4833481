package openapi

import (
	"bytes"
	_ "embed" // the examples
	"encoding/json"
	"fmt"
)

// exchange is a request that was sent to a running server, and what it answered.
type exchange struct {
	Request json.RawMessage `json:"request,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"`
}

// examples are by operation, and those of problems by status. A test of the real
// binary sends the requests and compares the answers.
var examples = func() (list map[string]exchange) {
	if err := json.Unmarshal(recorded, &list); err != nil {
		panic("openapi: examples.json: " + err.Error())
	}
	return list
}()

//go:embed examples.json
var recorded []byte

// ordered reads JSON and keeps the order of its members.
func ordered(data []byte) any {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := next(d)
	if err != nil {
		panic(fmt.Sprintf("openapi: examples.json: %v", err))
	}
	return v
}

func next(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		t := tree{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := next(d)
			if err != nil {
				return nil, err
			}
			t.set(name.(string), value)
		}
		_, err = d.Token()
		return t, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := next(d)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}
