package identity

import (
	"slices"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Role is what a person is to a merchant, or to the platform.
type Role string

// The roles. Operator is of the platform, the others are at one merchant.
const (
	Operator  Role = "operator"
	Owner     Role = "owner"
	Admin     Role = "admin"
	Finance   Role = "finance"
	Support   Role = "support"
	Developer Role = "developer"
	ReadOnly  Role = "read_only"
)

// Roles lists them, the strongest first.
var Roles = []Role{Operator, Owner, Admin, Finance, Support, Developer, ReadOnly}

// Strict reports whether a role sees cards or money: its sessions are short, and a
// password alone does not do.
func (r Role) Strict() bool { return slices.Contains([]Role{Operator, Owner, Admin, Finance}, r) }

// Leads reports whether a role may answer for its merchant: let a client act as it.
func (r Role) Leads() bool { return r == Owner || r == Admin }

// Act is one thing that a role may let somebody do.
type Act string

// The acts at a merchant, then those on the platform.
const (
	SeePayments       Act = "payments.see"
	SeeBalances       Act = "balances.see"
	SeeEvents         Act = "events.see"
	SeePayers         Act = "payers.see"
	MakeClaims        Act = "claims.make"
	TakePayments      Act = "payments.take"
	RefundPayments    Act = "payments.refund"
	AnswerDisputes    Act = "disputes.answer"
	ManageWallets     Act = "wallets.manage"
	ManageSandboxKeys Act = "sandbox_keys.manage"
	ManageLiveKeys    Act = "live_keys.manage"
	ManageClients     Act = "clients.manage"
	SeeWebhooks       Act = "webhooks.see"
	RepeatWebhooks    Act = "webhooks.repeat"
	ManageWebhooks    Act = "webhooks.manage"
	ChangeMerchant    Act = "merchant.change"
	SeeStaff          Act = "staff.see"
	ManageStaff       Act = "staff.manage"
	SeeRecords        Act = "records.see"
	ManageMerchants   Act = "merchants.manage"
	SetRates          Act = "rates.set"
	VerifyLedger      Act = "ledger.verify"
	ManageOperators   Act = "operators.manage"
)

// rule says whose act it is, and whether it needs a step-up.
type rule struct {
	act   Act
	fresh bool
	roles []Role
}

// rules is the table of who may do what. testdata/can.golden shows it.
var rules = []rule{
	{SeePayments, false, []Role{Operator, Owner, Admin, Finance, Support, Developer, ReadOnly}},
	{SeeBalances, false, []Role{Operator, Owner, Admin, Finance, ReadOnly}},
	{SeeEvents, false, []Role{Operator, Owner, Admin, Finance, Support, Developer, ReadOnly}},
	{SeePayers, false, []Role{Operator, Owner, Admin, Finance, Support, ReadOnly}},
	{MakeClaims, false, []Role{Owner, Admin, Support}},
	{TakePayments, false, []Role{Owner, Admin, Finance}},
	{RefundPayments, true, []Role{Owner, Admin, Finance}},
	{AnswerDisputes, false, []Role{Owner, Admin, Finance, Support}},
	{ManageWallets, true, []Role{Owner, Admin, Finance}},
	{ManageSandboxKeys, false, []Role{Owner, Admin, Developer}},
	{ManageLiveKeys, true, []Role{Owner, Admin}},
	{ManageClients, true, []Role{Owner, Admin, Developer}},
	{SeeWebhooks, false, []Role{Operator, Owner, Admin, Finance, Support, Developer, ReadOnly}},
	{RepeatWebhooks, false, []Role{Owner, Admin, Developer}},
	{ManageWebhooks, true, []Role{Owner, Admin, Developer}},
	{ChangeMerchant, true, []Role{Operator, Owner, Admin}},
	{SeeStaff, false, []Role{Operator, Owner, Admin}},
	{ManageStaff, true, []Role{Operator, Owner}},
	{SeeRecords, false, []Role{Operator, Owner, Admin}},
	{ManageMerchants, true, []Role{Operator}},
	{SetRates, true, []Role{Operator}},
	{VerifyLedger, false, []Role{Operator}},
	{ManageOperators, true, []Role{Operator}},
}

func ruleOf(act Act) (rule, bool) {
	i := slices.IndexFunc(rules, func(r rule) bool { return r.act == act })
	if i < 0 {
		return rule{}, false
	}
	return rules[i], true
}

// Can reports whether a role allows an act. An unknown act is nobody's.
func Can(role Role, act Act) bool {
	r, found := ruleOf(act)
	return found && slices.Contains(r.roles, role)
}

// raises reports whether to allows something that from does not.
func raises(from, to Role) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return slices.Contains(r.roles, to) && !slices.Contains(r.roles, from) })
}

var (
	// ErrRoleMissing: the role does not allow the act.
	ErrRoleMissing = fault.New(fault.Forbidden, "role_missing", "Your role does not allow this. Ask an owner of the merchant, or an operator.")
	// ErrSelfRaised: nobody gives themself more than they have.
	ErrSelfRaised = fault.New(fault.Forbidden, "role_self_raised", "Nobody can raise their own role. Ask another owner or an operator.")
	// ErrLastOwner: somebody must be left who can give roles.
	ErrLastOwner = fault.New(fault.Conflict, "last_owner", "This is the last owner, or the last operator. Give the role to another person first.")
)

// Given is a role that a person has.
type Given struct {
	Person   id.Person
	Merchant id.Merchant // "" for the platform
	Role     Role
	GivenBy  id.Person // "" if by the operator's command line
	GivenAt  time.Time
}

// Member is a person with their role.
type Member struct {
	Given
	Login string
	Name  string
}
