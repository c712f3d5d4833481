package api

import (
	"context"
	"errors"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

const (
	listObject   = "list"
	limitDefault = 10
)

// span says which part of a list is asked for.
type span struct {
	Limit         int    // at least 1
	After, Before string // ids; at most one is set
	URL           string // of the list
}

// listed is what every list request has.
type listed interface {
	GetLimit() int32
	GetStartingAfter() string
	GetEndingBefore() string
}

// spanOf reads the part that q asks for. Error: fault.ErrInvalid if it names both ends.
func spanOf(ctx context.Context, q listed) (span, error) {
	p := span{Limit: int(q.GetLimit()), After: q.GetStartingAfter(), Before: q.GetEndingBefore(), URL: callOf(ctx).URL}
	if p.Limit == 0 {
		p.Limit = limitDefault
	}
	if p.After != "" && p.Before != "" {
		return p, wire.Invalid(fault.Field{Pointer: "/ending_before", Code: wire.CodeConflictingFields, Detail: "Send starting_after or ending_before, not both."})
	}
	return p, nil
}

// blame makes of a room's answer that the object a list was to start from does
// not exist a bad place of the request: the list itself does.
func (p span) blame(err error) error {
	if !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	place := "/starting_after"
	if p.Before != "" {
		place = "/ending_before"
	}
	return wire.Invalid(fault.Field{Pointer: place, Code: wire.CodeUnknownCursor, Detail: "There is no such object in this list. Send the id of one that the list gave."})
}
