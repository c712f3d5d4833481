package florin

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Extra holds members by name, as the platform wrote them.
type Extra map[string]json.RawMessage

// members are where the values of an object's members are read to.
type members map[string]any

// read fills an object from JSON and keeps what it does not know.
func read(data []byte, extra *Extra, known members) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	for name, raw := range all {
		if to, ok := known[name]; ok {
			if err := json.Unmarshal(raw, to); err != nil {
				return err
			}
			delete(all, name)
		}
	}
	if len(all) > 0 {
		*extra = all
	}
	return nil
}

// whole is an integer, which the platform writes as a string of digits where a
// reader that keeps numbers as floats would round it.
type whole int64

// UnmarshalJSON implements [json.Unmarshaler].
func (w *whole) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	n, err := strconv.ParseInt(string(bytes.Trim(data, `"`)), 10, 64)
	*w = whole(n)
	return err
}
