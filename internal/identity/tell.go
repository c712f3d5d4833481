package identity

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
)

// The events of a merchant's staff.
const (
	appointed = "staff_member.appointed"
	changed   = "staff_member.changed"
	dismissed = "staff_member.dismissed"
)

// tell writes what happened to g into the log of its merchant, once for each mode, whose
// readers see nothing of the other. The platform has no log of its own: what happens to
// its operators is in the audit trail only. An event names nobody: it outlives the person.
// Name [event.Lock] in that write.
func tell(tx *db.Tx, kind string, g Given, b Browser, now time.Time) {
	if g.Merchant == "" {
		return
	}
	for _, live := range []bool{false, true} {
		event.Append(tx, event.Fact{
			Merchant: g.Merchant, Live: live, Type: kind, Object: string(g.Person), Origin: event.Origin{Request: b.Request}, At: now,
			Data: &florinv1.EventData{Object: &florinv1.EventData_StaffMember{StaffMember: &florinv1.StaffMember{
				Id: string(g.Person), Object: "staff_member", Merchant: string(g.Merchant), Role: string(g.Role),
				GivenBy: string(g.GivenBy), GivenAt: timestamppb.New(g.GivenAt), Livemode: live,
			}}},
		})
	}
}
