package florin

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
)

// Page is one answer of a list.
type Page[T any] struct {
	Data    []*T   `json:"data"`     // in the list's order
	HasMore bool   `json:"has_more"` // in the direction of reading
	URL     string `json:"url"`
	// NextCursor is where the next page begins. A page can be short, even empty, and
	// yet have one: the platform looked at as many objects as it does at once.
	NextCursor string `json:"next_cursor"`
	Extra      Extra  `json:"-"`
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *Page[T]) UnmarshalJSON(data []byte) error {
	var object string
	return read(data, &p.Extra, members{"object": &object, "data": &p.Data, "has_more": &p.HasMore, "url": &p.URL,
		"next_cursor": &p.NextCursor})
}

// row is an object that a list holds.
type row[T any] interface {
	*T
	cursor() string
}

// walk gives what a list holds, page after page: from the newest to the oldest or, if the
// parameters have ending_before, away from that object to ever newer ones.
func walk[T any, R row[T]](ctx context.Context, c *Client, what call, options []Option) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		params, err := membersOf(what.params)
		if err != nil {
			yield(nil, err)
			return
		}
		backwards := params["ending_before"] != nil
		what.params = params
		for {
			page, err := send[Page[T]](ctx, c, what, options)
			if err != nil {
				yield(nil, err)
				return
			}
			last := ""
			for i := range page.Data {
				if backwards {
					i = len(page.Data) - 1 - i
				}
				last = R(page.Data[i]).cursor()
				if !yield(page.Data[i], nil) {
					return
				}
			}
			if page.NextCursor != "" {
				last = page.NextCursor
			}
			if !page.HasMore || last == "" {
				return
			}
			if backwards {
				params["ending_before"] = last
			} else {
				params["starting_after"] = last
			}
		}
	}
}

// membersOf turns a request into its members, so that one can be changed.
func membersOf(params any) (map[string]any, error) {
	text, err := json.Marshal(params)
	if err != nil {
		return nil, &Error{Family: ErrInvalidRequest, Detail: "The parameters could not be written as JSON.", cause: err}
	}
	m := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(&m) // our own JSON
	if m == nil {
		m = map[string]any{}
	}
	return m, nil
}
