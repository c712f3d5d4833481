package api

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/payment"
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
	p := span{Limit: cmp.Or(int(q.GetLimit()), limitDefault), After: q.GetStartingAfter(), Before: q.GetEndingBefore(), URL: callOf(ctx).URL}
	if p.After != "" && p.Before != "" {
		return p, wire.Invalid(fault.Field{Pointer: "/ending_before", Code: wire.CodeConflictingFields, Detail: "Send starting_after or ending_before, not both."})
	}
	return p, nil
}

// page is the part of the list as the rooms know it.
func (p span) page() payment.Page {
	return payment.Page{Limit: p.Limit, After: p.After, Before: p.Before}
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

// views shows each row of a page.
func views[Row, View any](rows []Row, view func(Row) View) []View {
	out := make([]View, len(rows))
	for i, r := range rows {
		out[i] = view(r)
	}
	return out
}

// farthest is the id to go on from after a page without filters, "" if there is no more.
func farthest[View interface{ GetId() string }](p span, shown []View, more bool) string {
	switch {
	case !more || len(shown) == 0:
		return ""
	case p.Before != "":
		return shown[0].GetId()
	}
	return shown[len(shown)-1].GetId()
}

// timed is what a list request has that takes a span of time.
type timed interface {
	GetCreatedFrom() *timestamppb.Timestamp
	GetCreatedTo() *timestamppb.Timestamp
}

// timesOf reads the span of time that q asks for, both ends included; zero: no bound.
// Error: fault.ErrInvalid if it ends before it begins.
func timesOf(q timed) (from, to time.Time, err error) {
	epoch := time.Unix(0, 0).UTC() // nothing is older, and the year 1 is Go's word for none
	if at := q.GetCreatedFrom(); at != nil {
		from = later(at.AsTime(), epoch)
	}
	if at := q.GetCreatedTo(); at != nil {
		to = later(at.AsTime(), epoch)
	}
	if q.GetCreatedFrom() != nil && q.GetCreatedTo() != nil && q.GetCreatedFrom().AsTime().After(q.GetCreatedTo().AsTime()) {
		err = contradict("created_from", "created_to", "created_from must not be after created_to.")
	}
	return from, to, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// contradict refuses two filters that no object can hold together.
func contradict(one, other, sentence string) error {
	return wire.Invalid(
		fault.Field{Pointer: "/" + one, Code: wire.CodeConflictingFields, Detail: sentence},
		fault.Field{Pointer: "/" + other, Code: wire.CodeConflictingFields, Detail: sentence})
}

// word is an enum's value as the rooms write it, "" for none: prefix is the enum's name.
func word[S ~string](value interface {
	String() string
	Number() protoreflect.EnumNumber
}, prefix string,
) S {
	if value.Number() == 0 {
		return ""
	}
	return S(strings.ToLower(strings.TrimPrefix(value.String(), prefix)))
}
