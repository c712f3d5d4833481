package web

import "github.com/florinpay/florin/internal/identity"

var chinese = words{
	date: "2006年1月2日",
	plain: map[string]string{ //nolint:gosec // sentences, no secrets
		"skip": "跳到正文", "sandbox": "沙箱环境：这里没有真实资金", "other_language": "English", "signed_in_as": "已登录：%s",
		"sign_in": "登录", "sign_out": "退出登录", "sign_up": "注册", "menu": "我的页面", "back": "返回", "save": "保存", "or": "或",
		"mend_fields": "还有内容需要修改，请查看标出的地方。", "foreign_post": "这个表单来自其他网站，因此没有执行任何操作。请在本站打开页面后重新提交。",
		"no_page": "这个地址没有内容。", "done": "已完成。",
		"title_message": "提示", "title_signin": "登录", "title_signup": "注册", "title_stepup": "确认是您本人", "title_consent": "允许访问吗？",
		"title_device": "连接设备", "title_logout": "退出登录？", "title_me": "我的页面", "title_security": "安全", "title_sessions": "登录位置",
		"title_grants": "我的授权", "title_payers": "我的付款人身份", "title_staff": "成员", "title_clients": "应用", "title_secret": "请立即保存", "title_codes": "恢复码",
		"title_totp": "连接身份验证器", "title_code": "连接设备",

		"login": "电子邮箱", "password": "密码", "code": "身份验证器上的验证码，或恢复码", "code_hint": "仅在您已连接身份验证器时填写。", "name": "您的姓名",
		"password_hint": "至少 12 个字符。一句话比符号更容易记住。",
		"with_passkey":  "用通行密钥登录", "with_password": "用密码登录", "password_signup": "用密码注册", "passkey_signup": "用通行密钥注册", "signup_passkey_hint": "推荐：由您的设备通过面容、指纹或 PIN 验证您本人，无需记忆，也无从窃取。",
		"passkey_stopped": "没有使用通行密钥。请重试，或改用其他方式。", "need_script": "通行密钥需要 JavaScript 以及支持它的浏览器。", "no_account": "第一次来？", "have_account": "已经注册？",
		"stepup_why": "接下来的操作需要重新验证身份，五分钟内有效。", "prove_passkey": "使用通行密钥", "prove_password": "验证",
		"weak_stepup": "您还没有通行密钥或身份验证器。请在安全页面添加：危险操作需要它。",

		"asks": "%s 请求访问", "client_of": "%s 的应用。", "for_whom": "以哪个身份？", "payer_of": "您作为 %s 的付款人", "staff_of": "商户 %s（您是%s）",
		"yourself": "仅您本人：它只会知道您是谁", "no_profile": "您没有适合此请求的身份，因此无法允许。", "get_profile": "商户可以给您一个链接或代码，使您成为它的付款人。", "to_payers": "输入代码",
		"may": "它将可以", "may_hint": "不想允许的，请取消勾选。", "always": "总是需要", "limits": "从您的钱包付款，上限为", "limit_hint": "金额只能调低，不能调高。取消勾选即不允许该项。",
		"pay_to": "付给 %s", "most": "总计最多", "most_each": "%s最多", "most_payment": "单笔最多", "until": "有效期至", "until_hint": "最长 90 天。您可随时在“我的授权”中结束。",
		"allow": "允许", "deny": "不允许", "back_to": "之后您将前往 %s。", "real_money": "它使用真实资金。", "asked_until": "此请求于 %s 失效。",
		"every_1": "每%s", "every_n": "每 %d %s", "times": "共 %d 次，自 %s 起", "from": "自 %s 起",
		"too_much": "金额不能超过 %s，小数位数须符合币种。", "date_bad": "请填写明天起 90 天以内的日期。", "choose_profile": "请选择身份。", "choose": "请至少允许一项，或选择不允许。",

		"user_code": "设备上显示的代码", "go_on": "继续", "device_allowed": "已允许。请看您的设备，它会自动继续。", "device_denied": "未允许。设备已得到通知。",
		"logout_ask": "要在这里退出登录吗？", "logout_client": "%s 请求让您在这里退出登录。",

		"me_passkeys": "通行密钥、密码、身份验证器", "me_sessions": "已登录的浏览器与操作记录", "me_grants": "可代表您操作的应用，以及它们已花费的金额",
		"me_payers": "您付款的商户", "me_clients": "您的商户的应用", "language": "语言", "roles": "您的角色", "role_at": "%[2]s 的%[1]s", "role_platform": "平台%s",

		"passkeys": "通行密钥", "passkey_none": "您还没有通行密钥。", "passkey_add": "添加通行密钥", "passkey_name": "通行密钥名称", "rename": "重命名", "revoke": "撤销", "added": "添加于 %s", "last_used": "最近使用 %s",
		"synced": "由您的服务商保存在多台设备上", "cloned": "这个通行密钥可能已被复制：它的计数器倒退了。请撤销它。", "password_set": "您已设置密码。", "password_none": "您没有密码。",
		"password_new": "新密码", "password_change": "设置密码", "password_remove": "移除密码", "totp": "身份验证器", "totp_on": "已连接身份验证器，还剩 %d 个恢复码。", "totp_off": "未连接身份验证器。",
		"totp_needs_password": "身份验证器与密码一起使用：请先设置密码。", "totp_connect": "连接身份验证器", "totp_remove": "断开身份验证器", "totp_type": "请用验证器扫描，或在其中输入此密钥，或在装有它的设备上打开链接。", "totp_link": "在验证器中打开",
		"totp_code": "验证器当前显示的验证码", "confirm": "确认", "recovery_renew": "生成新的恢复码", "recovery_keep": "每个恢复码可代替验证器使用一次，仅显示这一次：请打印或妥善保存。旧的恢复码已失效。",
		"locked": "密码登录已锁定至 %s。",

		"this_one": "当前浏览器", "since": "自 %s", "seen": "最近活动 %s", "end": "在那里退出", "end_others": "退出其他所有位置", "end_all": "全部退出", "happened": "操作记录", "event": "事件", "when": "时间", "where": "位置", "result": "结果",

		"grants_none": "您没有允许任何应用。", "state_active": "有效", "state_revoked": "已结束", "state_expired": "已过期", "allowed_on": "%s 允许，至 %s", "ended_on": "%s 结束",
		"spent": "已花费 %s，上限 %s", "spent_until": "已花费 %s，上限 %s，本期至 %s", "grant_revoke": "结束授权",

		"payers_none": "您还不是任何商户的付款人。", "claim_code": "商户给您的代码", "claim": "成为付款人", "unlink": "放弃", "linked_on": "自 %s", "live": "正式", "mode_sandbox": "沙箱",

		"clients_none": "还没有应用。", "clients_no_merchant": "您在任何商户都没有管理应用的角色。", "client_new": "注册应用", "client_name": "应用名称（用户会看到）", "client_merchant": "商户",
		"client_kind": "类型", "kind_server": "带密钥的服务器", "kind_keys": "带密钥对的服务器（private_key_jwt）", "kind_public": "浏览器或设备上的应用", "client_redirects": "回跳地址，每行一个", "client_jwks": "公钥（JWK Set）",
		"client_scopes": "可请求的权限", "client_details": "可向付款人请求金额上限", "client_own": "可自行代表商户操作", "client_device": "没有浏览器的设备", "client_fapi": "FAPI 2.0：推送请求、绑定令牌（正式环境动用资金时必需）", "client_live": "正式环境", "register": "注册",
		"clients_proof": "注册或更改应用前，需要在五分钟内验证过身份。", "invite": "生成用于 API 注册的令牌", "suspend": "暂停", "activate": "启用", "delete": "删除", "shown_once": "仅显示这一次，请保存在存放机密的地方。", "client_id": "客户端编号", "client_secret": "客户端密钥", "registration_token": "可修改注册信息的令牌", "initial_token": "用于一次注册的令牌，一小时内有效",
		"state_suspended": "已暂停", "client_logouts": "退出登录后的回跳地址，每行一个", "client_origins": "可调用 API 的网页来源（如 https://shop.example），每行一个",

		"staff_none": "您没有查看成员的角色。", "me_staff": "谁在为您的商户工作", "role": "角色", "role_give": "授予此角色", "role_end": "收回角色",
		"staff_hint": "对方须已注册。新角色会取代其在此处的原有角色。",
		"close":      "关闭账户", "close_hint": "关闭后无法恢复：任何人都不能再登录此账户，邮箱也不会释放。请先放弃您的角色和付款人身份。", "close_sure": "我确定", "closed": "账户已关闭，它允许过的一切也已结束。",
		"totp_picture": "下方密钥的二维码",

		"title_webhooks": "Webhook 通知", "title_webhook": "Webhook 接收端", "title_delivery": "投递详情", "title_signing": "请立即保存此密钥", "me_webhooks": "您的商户的事件投递到哪里，以及投递结果",
		"webhooks_none": "还没有接收端。", "webhooks_no_merchant": "您在任何商户都没有查看 Webhook 的角色。", "webhooks_back": "全部接收端", "webhook_new": "添加接收端", "webhook_add": "添加", "webhook_id": "接收端编号",
		"webhook_url": "网址", "webhook_url_hint": "事件发生时会带签名以 POST 方式发送到这里。", "webhook_description": "说明", "webhook_types": "事件类型，用空格分隔", "webhook_types_short": "事件类型", "webhook_types_hint": "例如 payment.succeeded 或 refund.*；留空表示全部。", "webhook_all": "全部类型",
		"webhook_version": "内容版本", "webhook_version_is": "版本 %s", "webhook_thin": "精简：内容只注明对象，不含对象数据", "webhook_is_thin": "精简", "webhook_ordered": "按顺序：同一对象的事件等待之前的事件送达", "webhook_is_ordered": "按顺序",
		"webhook_proof": "添加、更改或删除接收端前，需要在五分钟内验证过身份。", "webhook_secret": "密钥", "webhook_public": "公钥", "webhook_secret_why": "投递内容用此密钥签名（v1），也可以用公钥校验（v1a）。", "webhook_both_until": "在 %s 之前，投递同时带有旧密钥的签名。",
		"state_enabled": "已启用", "state_gone": "已停用：它回答已不存在", "state_exhausted": "已停用：连续三天没有送达", "state_requested": "已由商户停用", "webhook_disabled_at": "自 %s 起停用，不再投递。", "webhook_failing": "自 %s 起，每次尝试都失败。",
		"webhook_change": "更改接收端", "webhook_settings": "设置", "webhook_disable": "停用", "webhook_disable_hint": "它正在接收事件。停用后，期间发生的事件不会投递给它。", "webhook_enable_hint": "它不接收事件。启用后，会收到此后发生的事件和等待中的投递。",
		"webhook_rotate": "更换密钥", "webhook_overlap": "旧密钥继续一同签名的时间", "overlap_day": "一天", "overlap_hour": "一小时", "overlap_week": "一周", "overlap_none": "不保留：旧密钥已泄露", "webhook_overlap_hint": "请在此期间把新密钥配置到您的服务器，不会丢失任何事件。",
		"webhook_delete": "删除接收端", "webhook_delete_hint": "删除后无法恢复，尚未送达的事件也不会再投递。",
		"deliveries": "投递记录", "deliveries_which": "筛选投递", "deliveries_all": "全部", "deliveries_none": "这里没有投递记录。", "state_pending": "投递中", "state_delivered": "已送达", "state_failed": "失败", "tries": "尝试 %d 次", "due": "下次尝试 %s", "delivered_at": "送达于 %s", "newer": "较新", "older": "较早",
		"delivery_event": "事件", "delivery_object": "对象", "delivery_id": "投递编号", "delivery_due": "下次尝试", "delivery_waits": "接收端已停用，不再投递。", "webhook_deleted": "接收端已删除。", "delivery_back": "该接收端的全部投递", "attempts": "尝试次数：%d", "attempts_none": "还没有尝试过。请稍后刷新页面。", "attempt": "第 %d 次尝试",
		"status_code": "状态码 %d", "status_none": "没有应答", "attempt_answer": "收到的应答", "attempt_request": "发送的请求", "headers": "标头", "body": "正文", "body_none": "空",
		"again": "重新投递", "again_span": "重新投递一段时间内的事件", "again_from": "开始时间（UTC）", "again_to": "结束时间（UTC）", "again_hint": "不填结束时间表示直到现在。结束的那一分钟包含在内。", "again_delivered": "包括已经送达的", "again_sent": "已重新安排投递的事件：%d 个。", "again_more": "已重新安排投递的事件：%d 个。还有更多：可用下面的表单继续。",
	},
	scopes: map[string]string{
		"openid": "确认您的身份", "profile": "知道您的姓名和语言", "email": "知道您的电子邮箱", "cards:read": "查看已保存的银行卡", "cards:write": "保存银行卡", "disputes:read": "查看争议", "disputes:write": "回应争议",
		"events:read": "读取事件日志", "grants:read": "查看您给它的授权", "grants:write": "放弃您给它的授权", "ledger:read": "读取账户与转账", "merchants:read": "查看商户及其余额",
		"payers:read": "查看您的付款人资料", "payers:write": "创建付款人", "payments:read": "查看它发起的支付", "payments:write": "付款，不超过下列上限", "refunds:read": "查看退款", "refunds:write": "退款", "wallets:read": "查看您的钱包与余额", "wallets:write": "更改钱包、充值与转出",
	},
	roles: map[identity.Role]string{
		identity.Operator: "运营者", identity.Owner: "所有者", identity.Admin: "管理员", identity.Finance: "财务", identity.Support: "客服", identity.Developer: "开发者", identity.ReadOnly: "只读成员",
	},
	refusals: map[string]string{ //nolint:gosec // sentences, no secrets
		"sign_in_failed": "登录失败。请检查邮箱、密码和验证码。连续失败十次后请等待 30 分钟，或使用通行密钥。", "signed_out": "您已退出登录，请重新登录。", "step_up_needed": "此操作需要重新验证身份。请使用通行密钥，或密码加验证码，然后在五分钟内重试。",
		"login_taken": "该邮箱已被使用。请登录，或换一个邮箱。", "person_in_use": "此人仍有角色或付款人身份。请先放弃角色并解除付款人关联。", "last_way_in": "这是最后一种登录方式。请先添加其他通行密钥或密码。",
		"passkey_refused": "通行密钥被拒绝。请在五分钟内重新开始，使用尚未注册且能通过 PIN、指纹或面容验证您本人的通行密钥。", "too_many_passkeys": "已有 20 个通行密钥，请先撤销一个。",
		"code_wrong": "验证码错误。请确认设备时间正确，并输入当前显示的验证码。", "enrollment_ended": "连接已超时，请重新开始。", "not_enrolled": "此功能需要密码和身份验证器。请先设置密码并连接验证器。",
		"webhook_endpoints_too_many": "接收端数量已达上限 50 个，请先删除一个。", "webhook_endpoint_disabled": "接收端已停用，请先启用。", "webhook_secret_rotating": "密钥刚刚轮换过，在重叠期内投递带有新旧两个签名。请等重叠期结束后再轮换，或选择立即生效：旧密钥将随之失效。", "webhook_secret_not_shown": "密钥不再显示，请轮换以获得新密钥。", "not_allowed": "请填写公网上的 https 地址（端口 443 或 8443，不含用户名、密码或 #），例如 https://shop.example/hooks。",
		"not_printable": "请填写不含控制字符的文字。", "unknown_type": "没有这样的事件类型，完整列表见 /docs/events。", "unknown_version": "没有这个版本。", "moment_bad": "请填写日期和时间，例如 2026-01-31T13:45。", "span_backwards": "结束时间须晚于开始时间。",
		"login_unknown": "没有人用这个邮箱注册。请让对方先注册。", "not_sure": "请勾选以确认。", "role_missing": "您的角色不允许此操作。请联系商户所有者或平台运营者。", "role_self_raised": "不能提升自己的角色。请联系其他所有者或平台运营者。", "last_owner": "这是最后一位所有者或运营者。请先把角色交给他人。",
		"claim_ended": "代码无效、已使用或已超过一天。请向商户索取新的代码。", "payer_linked": "该付款人身份已属于他人。请让商户为您创建一个。", "invalid_login": "请填写类似 ada@example.com 的邮箱。", "invalid_text": "请填写 1 到 100 个字符，不含控制字符。",
		"invalid_locale": "请选择 en 或 zh-CN。", "invalid_role": "角色无效。", "invalid_merchant": "商户无效。", "too_short": "密码至少需要 12 个字符。", "too_long": "密码过长。", "too_common": "这个密码太常见，请换一个。", "grant_ended": "授权已结束或已过期。请向付款人重新请求。",
		"contains_login": "密码不能包含您的邮箱。", "out_of_range": "数值超出允许范围。", "duplicate_value": "重复的内容。", "too_small": "数值太小。", "too_many": "数量过多。", "currency_unknown": "不支持该币种。",
		"user_code_wrong": "没有这个代码，或它已失效。请再看一下您的设备。", "oauth_invalid_scope": "应用请求的权限有误。", "oauth_unauthorized_client": "该应用未注册此用途。", "oauth_unsupported_response_type": "应用的请求方式不受支持。",
		"oauth_invalid_target": "应用请求的资源不属于本平台。", "oauth_invalid_request_object": "应用的签名请求无法接受。", "oauth_access_denied": "请求已被拒绝。", "oauth_expired_token": "设备代码已过期。",
		"not_found": "没有找到，或不属于您。", "unavailable": "服务暂时不可用，请稍后重试。", "internal": "我们这边出了问题。", "invalid_request": "请求无法读取，请返回后重新提交。",
		"grant_not_covering": "授权不包含该收款方、币种或时间。", "grant_payment_limit_reached": "金额超过单笔上限。", "grant_limit_reached": "该支付会超过本期上限。",
		"oauth_invalid_request": "这个请求无效、已完成或已过期。请从应用重新开始。", "oauth_invalid_request_uri": "这个请求已完成或已过期。请从应用重新开始。", "oauth_invalid_client_metadata": "应用的注册信息有误。", "oauth_invalid_redirect_uri": "回跳地址必须是不带片段的 https 地址。",
		"oauth_invalid_authorization_details": "付款人无法允许这样的上限。", "oauth_slow_down": "尝试次数过多，请等待十分钟。", "oauth_temporarily_unavailable": "服务暂时不可用，请稍后重试。", "oauth_server_error": "我们这边出了问题。", "oauth_login_required": "请重新登录。",
	},
	records: map[string]string{ //nolint:gosec // sentences, no secrets
		"claim.made": "生成了付款人代码", "passkey.added": "添加了通行密钥", "passkey.refused": "通行密钥被拒绝", "passkey.regressed": "通行密钥可能被复制",
		"passkey.renamed": "重命名了通行密钥", "passkey.revoked": "撤销了通行密钥", "password.changed": "设置了密码", "password.removed": "移除了密码",
		"payer.linked": "成为付款人", "payer.unlinked": "放弃了付款人身份", "person.changed": "更改了姓名或语言", "person.closed": "账户已关闭",
		"person.locked": "密码登录被锁定", "person.signed_up": "注册", "recovery.renewed": "生成了新的恢复码", "recovery.used": "使用了恢复码",
		"role.ended": "角色已结束", "role.given": "获得了角色", "session.begun": "登录", "session.ended": "退出登录", "session.refused": "登录被拒绝",
		"session.stepped_up": "重新验证了身份", "totp.enrolled": "连接了身份验证器", "totp.removed": "断开了身份验证器",
		"webhook_endpoint.changed": "更改了端点", "webhook_endpoint.created": "创建了端点", "webhook_endpoint.deleted": "删除了端点",
		"webhook_endpoint.disabled": "停用了端点", "webhook_endpoint.enabled": "启用了端点", "webhook_endpoint.rotated": "更换了端点的密钥",
	},
	results: map[string]string{ //nolint:gosec // sentences, no secrets
		"ok": "完成", "unknown": "未知", "closed": "账户已关闭", "locked": "密码已锁定", "password_wrong": "密码错误", "code_wrong": "验证码错误",
		"passkey_refused": "通行密钥被拒绝", "passkey_cloned": "通行密钥可能是副本", "challenge_expired": "已超时",
	},
	failures: map[string]string{
		"status": "接收端没有以 2xx 应答。", "redirected": "接收端要求跳转，系统不会跟随。请更改接收端的网址。", "url_invalid": "网址无法访问。", "address_refused": "域名指向不允许投递的地址或端口。",
		"certificate_invalid": "接收端的证书对该域名无效。", "tls_failed": "没有建立 TLS 连接。", "name_unknown": "域名没有对应的地址。", "timeout": "接收端没有及时应答。", "interrupted": "服务器在接收端应答之前停止了。",
		"answer_invalid": "应答不符合 HTTP，或标头过长。", "connection_failed": "连接上没有收到应答。",
	},
	units: map[rune][2]string{'Y': {"年", "年"}, 'M': {"月", "个月"}, 'W': {"周", "周"}, 'D': {"天", "天"}, 'H': {"小时", "小时"}},
}
