// Generated from proto/errors.toml by `cargo xtask codegen`; do not edit.

//! Every error that Jianzi tells a client. `docs/errors/` has a page for each.

/// What went wrong, as a number that never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum ErrorCode {
    /// The frame does not begin with 0x1234.
    BadMagic = 1001,
    /// The frame's protocol version is not supported.
    BadVersion = 1002,
    /// The message is longer than the limit.
    TooLong = 1003,
    /// The message ends before the length that its header gives.
    Truncated = 1004,
    /// Only binary WebSocket messages are accepted.
    TextNotAllowed = 1005,
    /// The operation number is not known.
    UnknownOperation = 1006,
    /// The body cannot be read as the message that the operation wants.
    BadBody = 1007,
    /// The first message must be a login.
    NotLoggedIn = 2001,
    /// The token has expired.
    TokenExpired = 2002,
    /// The token is not one of this server's.
    TokenInvalid = 2003,
    /// The resume token was already used; a newer one was given out.
    ResumeSpent = 2004,
    /// The player has logged in on another device.
    Replaced = 2005,
    /// The platform did not accept the login code.
    CodeRejected = 2006,
    /// The account is banned.
    Banned = 2007,
    /// This version of the game is no longer supported.
    Outdated = 2008,
    /// No login arrived in time.
    LoginTimeout = 2009,
    /// The game platform does not answer.
    PlatformUnavailable = 2010,
    /// The refresh token is spent, expired or revoked.
    RefreshInvalid = 2011,
    /// This server does not serve that app.
    UnknownApp = 2012,
    /// There is no such room.
    RoomUnknown = 3001,
    /// Every seat is taken or reserved.
    RoomFull = 3002,
    /// The room has ended.
    RoomEnded = 3003,
    /// The room has started and takes nobody in.
    RoomStarted = 3004,
    /// A room of this id exists with another specification.
    RoomExists = 3005,
    /// The caller is not in this room.
    NotInRoom = 3006,
    /// Only the room's owner may do this.
    NotOwner = 3007,
    /// The room's owner has shut the caller out.
    RoomBanned = 3008,
    /// The room is played with another version of the game.
    BuildDiffers = 3009,
    /// The room's phase does not allow this.
    WrongPhase = 3010,
    /// The room's specification is not possible.
    BadSpec = 3011,
    /// These ticks are not kept any more.
    TicksLost = 3012,
    /// The room takes no more spectators.
    SpectatorsFull = 3013,
    /// The room is paused because its journal cannot be written.
    RoomPaused = 3014,
    /// There is no such ticket.
    TicketUnknown = 3021,
    /// A ticket of this id exists with other wishes.
    TicketDiffers = 3022,
    /// Not enough players were found in time.
    MatchTimeout = 3023,
    /// There is no such method.
    UnknownMethod = 4001,
    /// The request is not well formed.
    BadRequest = 4002,
    /// The answer did not come within the deadline.
    DeadlineExceeded = 4003,
    /// Too many requests; slow down.
    TooManyRequests = 4004,
    /// The connection sends far more than allowed.
    Flood = 4005,
    /// The connection does not take what is sent to it.
    TooSlow = 4006,
    /// Too many connections from this account, device or address.
    TooManyConnections = 4007,
    /// Nothing was heard from the client for too long.
    Idle = 4008,
    /// There is nothing at this address.
    NotFound = 4009,
    /// The caller may not do this.
    Forbidden = 4010,
    /// The address does not take this HTTP method.
    MethodNotAllowed = 4011,
    /// The server made a mistake; it has been logged.
    Internal = 5001,
    /// The server takes no more connections right now.
    Overloaded = 5002,
    /// The server is about to stop; come back in a moment.
    Draining = 5003,
    /// A part that this request needs does not answer.
    Unavailable = 5004,
}

/// What a client does about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The request is wrong and will be wrong again.
    Never,
    /// At once.
    Now,
    /// After `retry_after_ms`, or with growing delay.
    Later,
    /// After a new login.
    Login,
}

impl ErrorCode {
    /// In the order of their numbers.
    pub const ALL: [ErrorCode; 51] = [
        ErrorCode::BadMagic,
        ErrorCode::BadVersion,
        ErrorCode::TooLong,
        ErrorCode::Truncated,
        ErrorCode::TextNotAllowed,
        ErrorCode::UnknownOperation,
        ErrorCode::BadBody,
        ErrorCode::NotLoggedIn,
        ErrorCode::TokenExpired,
        ErrorCode::TokenInvalid,
        ErrorCode::ResumeSpent,
        ErrorCode::Replaced,
        ErrorCode::CodeRejected,
        ErrorCode::Banned,
        ErrorCode::Outdated,
        ErrorCode::LoginTimeout,
        ErrorCode::PlatformUnavailable,
        ErrorCode::RefreshInvalid,
        ErrorCode::UnknownApp,
        ErrorCode::RoomUnknown,
        ErrorCode::RoomFull,
        ErrorCode::RoomEnded,
        ErrorCode::RoomStarted,
        ErrorCode::RoomExists,
        ErrorCode::NotInRoom,
        ErrorCode::NotOwner,
        ErrorCode::RoomBanned,
        ErrorCode::BuildDiffers,
        ErrorCode::WrongPhase,
        ErrorCode::BadSpec,
        ErrorCode::TicksLost,
        ErrorCode::SpectatorsFull,
        ErrorCode::RoomPaused,
        ErrorCode::TicketUnknown,
        ErrorCode::TicketDiffers,
        ErrorCode::MatchTimeout,
        ErrorCode::UnknownMethod,
        ErrorCode::BadRequest,
        ErrorCode::DeadlineExceeded,
        ErrorCode::TooManyRequests,
        ErrorCode::Flood,
        ErrorCode::TooSlow,
        ErrorCode::TooManyConnections,
        ErrorCode::Idle,
        ErrorCode::NotFound,
        ErrorCode::Forbidden,
        ErrorCode::MethodNotAllowed,
        ErrorCode::Internal,
        ErrorCode::Overloaded,
        ErrorCode::Draining,
        ErrorCode::Unavailable,
    ];

    /// The code of this number, if there is one.
    pub const fn from_number(number: u32) -> Option<ErrorCode> {
        Some(match number {
            1001 => ErrorCode::BadMagic,
            1002 => ErrorCode::BadVersion,
            1003 => ErrorCode::TooLong,
            1004 => ErrorCode::Truncated,
            1005 => ErrorCode::TextNotAllowed,
            1006 => ErrorCode::UnknownOperation,
            1007 => ErrorCode::BadBody,
            2001 => ErrorCode::NotLoggedIn,
            2002 => ErrorCode::TokenExpired,
            2003 => ErrorCode::TokenInvalid,
            2004 => ErrorCode::ResumeSpent,
            2005 => ErrorCode::Replaced,
            2006 => ErrorCode::CodeRejected,
            2007 => ErrorCode::Banned,
            2008 => ErrorCode::Outdated,
            2009 => ErrorCode::LoginTimeout,
            2010 => ErrorCode::PlatformUnavailable,
            2011 => ErrorCode::RefreshInvalid,
            2012 => ErrorCode::UnknownApp,
            3001 => ErrorCode::RoomUnknown,
            3002 => ErrorCode::RoomFull,
            3003 => ErrorCode::RoomEnded,
            3004 => ErrorCode::RoomStarted,
            3005 => ErrorCode::RoomExists,
            3006 => ErrorCode::NotInRoom,
            3007 => ErrorCode::NotOwner,
            3008 => ErrorCode::RoomBanned,
            3009 => ErrorCode::BuildDiffers,
            3010 => ErrorCode::WrongPhase,
            3011 => ErrorCode::BadSpec,
            3012 => ErrorCode::TicksLost,
            3013 => ErrorCode::SpectatorsFull,
            3014 => ErrorCode::RoomPaused,
            3021 => ErrorCode::TicketUnknown,
            3022 => ErrorCode::TicketDiffers,
            3023 => ErrorCode::MatchTimeout,
            4001 => ErrorCode::UnknownMethod,
            4002 => ErrorCode::BadRequest,
            4003 => ErrorCode::DeadlineExceeded,
            4004 => ErrorCode::TooManyRequests,
            4005 => ErrorCode::Flood,
            4006 => ErrorCode::TooSlow,
            4007 => ErrorCode::TooManyConnections,
            4008 => ErrorCode::Idle,
            4009 => ErrorCode::NotFound,
            4010 => ErrorCode::Forbidden,
            4011 => ErrorCode::MethodNotAllowed,
            5001 => ErrorCode::Internal,
            5002 => ErrorCode::Overloaded,
            5003 => ErrorCode::Draining,
            5004 => ErrorCode::Unavailable,

            _ => return None,
        })
    }

    /// As `proto/errors.toml` gives it.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// In snake_case.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorCode::BadMagic => "bad_magic",
            ErrorCode::BadVersion => "bad_version",
            ErrorCode::TooLong => "too_long",
            ErrorCode::Truncated => "truncated",
            ErrorCode::TextNotAllowed => "text_not_allowed",
            ErrorCode::UnknownOperation => "unknown_operation",
            ErrorCode::BadBody => "bad_body",
            ErrorCode::NotLoggedIn => "not_logged_in",
            ErrorCode::TokenExpired => "token_expired",
            ErrorCode::TokenInvalid => "token_invalid",
            ErrorCode::ResumeSpent => "resume_spent",
            ErrorCode::Replaced => "replaced",
            ErrorCode::CodeRejected => "code_rejected",
            ErrorCode::Banned => "banned",
            ErrorCode::Outdated => "outdated",
            ErrorCode::LoginTimeout => "login_timeout",
            ErrorCode::PlatformUnavailable => "platform_unavailable",
            ErrorCode::RefreshInvalid => "refresh_invalid",
            ErrorCode::UnknownApp => "unknown_app",
            ErrorCode::RoomUnknown => "room_unknown",
            ErrorCode::RoomFull => "room_full",
            ErrorCode::RoomEnded => "room_ended",
            ErrorCode::RoomStarted => "room_started",
            ErrorCode::RoomExists => "room_exists",
            ErrorCode::NotInRoom => "not_in_room",
            ErrorCode::NotOwner => "not_owner",
            ErrorCode::RoomBanned => "room_banned",
            ErrorCode::BuildDiffers => "build_differs",
            ErrorCode::WrongPhase => "wrong_phase",
            ErrorCode::BadSpec => "bad_spec",
            ErrorCode::TicksLost => "ticks_lost",
            ErrorCode::SpectatorsFull => "spectators_full",
            ErrorCode::RoomPaused => "room_paused",
            ErrorCode::TicketUnknown => "ticket_unknown",
            ErrorCode::TicketDiffers => "ticket_differs",
            ErrorCode::MatchTimeout => "match_timeout",
            ErrorCode::UnknownMethod => "unknown_method",
            ErrorCode::BadRequest => "bad_request",
            ErrorCode::DeadlineExceeded => "deadline_exceeded",
            ErrorCode::TooManyRequests => "too_many_requests",
            ErrorCode::Flood => "flood",
            ErrorCode::TooSlow => "too_slow",
            ErrorCode::TooManyConnections => "too_many_connections",
            ErrorCode::Idle => "idle",
            ErrorCode::NotFound => "not_found",
            ErrorCode::Forbidden => "forbidden",
            ErrorCode::MethodNotAllowed => "method_not_allowed",
            ErrorCode::Internal => "internal",
            ErrorCode::Overloaded => "overloaded",
            ErrorCode::Draining => "draining",
            ErrorCode::Unavailable => "unavailable",
        }
    }

    /// What a client does about it.
    pub const fn retry(self) -> Retry {
        match self {
            ErrorCode::BadMagic => Retry::Never,
            ErrorCode::BadVersion => Retry::Never,
            ErrorCode::TooLong => Retry::Never,
            ErrorCode::Truncated => Retry::Never,
            ErrorCode::TextNotAllowed => Retry::Never,
            ErrorCode::UnknownOperation => Retry::Never,
            ErrorCode::BadBody => Retry::Never,
            ErrorCode::NotLoggedIn => Retry::Login,
            ErrorCode::TokenExpired => Retry::Login,
            ErrorCode::TokenInvalid => Retry::Login,
            ErrorCode::ResumeSpent => Retry::Login,
            ErrorCode::Replaced => Retry::Never,
            ErrorCode::CodeRejected => Retry::Login,
            ErrorCode::Banned => Retry::Never,
            ErrorCode::Outdated => Retry::Never,
            ErrorCode::LoginTimeout => Retry::Now,
            ErrorCode::PlatformUnavailable => Retry::Later,
            ErrorCode::RefreshInvalid => Retry::Login,
            ErrorCode::UnknownApp => Retry::Never,
            ErrorCode::RoomUnknown => Retry::Never,
            ErrorCode::RoomFull => Retry::Later,
            ErrorCode::RoomEnded => Retry::Never,
            ErrorCode::RoomStarted => Retry::Never,
            ErrorCode::RoomExists => Retry::Never,
            ErrorCode::NotInRoom => Retry::Never,
            ErrorCode::NotOwner => Retry::Never,
            ErrorCode::RoomBanned => Retry::Never,
            ErrorCode::BuildDiffers => Retry::Never,
            ErrorCode::WrongPhase => Retry::Never,
            ErrorCode::BadSpec => Retry::Never,
            ErrorCode::TicksLost => Retry::Never,
            ErrorCode::SpectatorsFull => Retry::Later,
            ErrorCode::RoomPaused => Retry::Later,
            ErrorCode::TicketUnknown => Retry::Never,
            ErrorCode::TicketDiffers => Retry::Never,
            ErrorCode::MatchTimeout => Retry::Now,
            ErrorCode::UnknownMethod => Retry::Never,
            ErrorCode::BadRequest => Retry::Never,
            ErrorCode::DeadlineExceeded => Retry::Now,
            ErrorCode::TooManyRequests => Retry::Later,
            ErrorCode::Flood => Retry::Later,
            ErrorCode::TooSlow => Retry::Now,
            ErrorCode::TooManyConnections => Retry::Later,
            ErrorCode::Idle => Retry::Now,
            ErrorCode::NotFound => Retry::Never,
            ErrorCode::Forbidden => Retry::Never,
            ErrorCode::MethodNotAllowed => Retry::Never,
            ErrorCode::Internal => Retry::Later,
            ErrorCode::Overloaded => Retry::Later,
            ErrorCode::Draining => Retry::Later,
            ErrorCode::Unavailable => Retry::Later,
        }
    }

    /// The status of an HTTP answer that carries it.
    pub const fn http_status(self) -> u16 {
        match self {
            ErrorCode::BadMagic => 400,
            ErrorCode::BadVersion => 400,
            ErrorCode::TooLong => 413,
            ErrorCode::Truncated => 400,
            ErrorCode::TextNotAllowed => 400,
            ErrorCode::UnknownOperation => 400,
            ErrorCode::BadBody => 400,
            ErrorCode::NotLoggedIn => 401,
            ErrorCode::TokenExpired => 401,
            ErrorCode::TokenInvalid => 403,
            ErrorCode::ResumeSpent => 401,
            ErrorCode::Replaced => 409,
            ErrorCode::CodeRejected => 401,
            ErrorCode::Banned => 403,
            ErrorCode::Outdated => 426,
            ErrorCode::LoginTimeout => 408,
            ErrorCode::PlatformUnavailable => 503,
            ErrorCode::RefreshInvalid => 401,
            ErrorCode::UnknownApp => 404,
            ErrorCode::RoomUnknown => 404,
            ErrorCode::RoomFull => 409,
            ErrorCode::RoomEnded => 410,
            ErrorCode::RoomStarted => 409,
            ErrorCode::RoomExists => 409,
            ErrorCode::NotInRoom => 409,
            ErrorCode::NotOwner => 403,
            ErrorCode::RoomBanned => 403,
            ErrorCode::BuildDiffers => 409,
            ErrorCode::WrongPhase => 409,
            ErrorCode::BadSpec => 400,
            ErrorCode::TicksLost => 410,
            ErrorCode::SpectatorsFull => 409,
            ErrorCode::RoomPaused => 503,
            ErrorCode::TicketUnknown => 404,
            ErrorCode::TicketDiffers => 409,
            ErrorCode::MatchTimeout => 408,
            ErrorCode::UnknownMethod => 404,
            ErrorCode::BadRequest => 400,
            ErrorCode::DeadlineExceeded => 504,
            ErrorCode::TooManyRequests => 429,
            ErrorCode::Flood => 429,
            ErrorCode::TooSlow => 408,
            ErrorCode::TooManyConnections => 429,
            ErrorCode::Idle => 408,
            ErrorCode::NotFound => 404,
            ErrorCode::Forbidden => 403,
            ErrorCode::MethodNotAllowed => 405,
            ErrorCode::Internal => 500,
            ErrorCode::Overloaded => 503,
            ErrorCode::Draining => 503,
            ErrorCode::Unavailable => 503,
        }
    }

    /// The server closes the connection after telling it.
    pub const fn closes(self) -> bool {
        matches!(
            self,
            ErrorCode::BadMagic
                | ErrorCode::BadVersion
                | ErrorCode::TooLong
                | ErrorCode::Truncated
                | ErrorCode::TextNotAllowed
                | ErrorCode::NotLoggedIn
                | ErrorCode::TokenExpired
                | ErrorCode::TokenInvalid
                | ErrorCode::ResumeSpent
                | ErrorCode::Replaced
                | ErrorCode::Banned
                | ErrorCode::Outdated
                | ErrorCode::LoginTimeout
                | ErrorCode::UnknownApp
                | ErrorCode::Flood
                | ErrorCode::TooSlow
                | ErrorCode::TooManyConnections
                | ErrorCode::Idle
                | ErrorCode::Overloaded
                | ErrorCode::Draining
        )
    }

    /// The WebSocket close code, unique for each error: 4000 + 100 × thousands + last two digits (2005 → 4205).
    pub const fn close_code(self) -> u16 {
        let number = self as u16;
        4000 + number / 1000 * 100 + number % 100
    }

    /// A sentence for any case of it.
    pub const fn english(self) -> &'static str {
        match self {
            ErrorCode::BadMagic => "The frame does not begin with 0x1234.",
            ErrorCode::BadVersion => "The frame's protocol version is not supported.",
            ErrorCode::TooLong => "The message is longer than the limit.",
            ErrorCode::Truncated => "The message ends before the length that its header gives.",
            ErrorCode::TextNotAllowed => "Only binary WebSocket messages are accepted.",
            ErrorCode::UnknownOperation => "The operation number is not known.",
            ErrorCode::BadBody => "The body cannot be read as the message that the operation wants.",
            ErrorCode::NotLoggedIn => "The first message must be a login.",
            ErrorCode::TokenExpired => "The token has expired.",
            ErrorCode::TokenInvalid => "The token is not one of this server's.",
            ErrorCode::ResumeSpent => "The resume token was already used; a newer one was given out.",
            ErrorCode::Replaced => "The player has logged in on another device.",
            ErrorCode::CodeRejected => "The platform did not accept the login code.",
            ErrorCode::Banned => "The account is banned.",
            ErrorCode::Outdated => "This version of the game is no longer supported.",
            ErrorCode::LoginTimeout => "No login arrived in time.",
            ErrorCode::PlatformUnavailable => "The game platform does not answer.",
            ErrorCode::RefreshInvalid => "The refresh token is spent, expired or revoked.",
            ErrorCode::UnknownApp => "This server does not serve that app.",
            ErrorCode::RoomUnknown => "There is no such room.",
            ErrorCode::RoomFull => "Every seat is taken or reserved.",
            ErrorCode::RoomEnded => "The room has ended.",
            ErrorCode::RoomStarted => "The room has started and takes nobody in.",
            ErrorCode::RoomExists => "A room of this id exists with another specification.",
            ErrorCode::NotInRoom => "The caller is not in this room.",
            ErrorCode::NotOwner => "Only the room's owner may do this.",
            ErrorCode::RoomBanned => "The room's owner has shut the caller out.",
            ErrorCode::BuildDiffers => "The room is played with another version of the game.",
            ErrorCode::WrongPhase => "The room's phase does not allow this.",
            ErrorCode::BadSpec => "The room's specification is not possible.",
            ErrorCode::TicksLost => "These ticks are not kept any more.",
            ErrorCode::SpectatorsFull => "The room takes no more spectators.",
            ErrorCode::RoomPaused => "The room is paused because its journal cannot be written.",
            ErrorCode::TicketUnknown => "There is no such ticket.",
            ErrorCode::TicketDiffers => "A ticket of this id exists with other wishes.",
            ErrorCode::MatchTimeout => "Not enough players were found in time.",
            ErrorCode::UnknownMethod => "There is no such method.",
            ErrorCode::BadRequest => "The request is not well formed.",
            ErrorCode::DeadlineExceeded => "The answer did not come within the deadline.",
            ErrorCode::TooManyRequests => "Too many requests; slow down.",
            ErrorCode::Flood => "The connection sends far more than allowed.",
            ErrorCode::TooSlow => "The connection does not take what is sent to it.",
            ErrorCode::TooManyConnections => "Too many connections from this account, device or address.",
            ErrorCode::Idle => "Nothing was heard from the client for too long.",
            ErrorCode::NotFound => "There is nothing at this address.",
            ErrorCode::Forbidden => "The caller may not do this.",
            ErrorCode::MethodNotAllowed => "The address does not take this HTTP method.",
            ErrorCode::Internal => "The server made a mistake; it has been logged.",
            ErrorCode::Overloaded => "The server takes no more connections right now.",
            ErrorCode::Draining => "The server is about to stop; come back in a moment.",
            ErrorCode::Unavailable => "A part that this request needs does not answer.",
        }
    }

    /// As [`english`](ErrorCode::english), in Chinese.
    pub const fn chinese(self) -> &'static str {
        match self {
            ErrorCode::BadMagic => "数据包魔数不是 0x1234。",
            ErrorCode::BadVersion => "不支持该协议版本。",
            ErrorCode::TooLong => "消息超过长度上限。",
            ErrorCode::Truncated => "消息不完整,长度与包头不符。",
            ErrorCode::TextNotAllowed => "只接受二进制 WebSocket 消息。",
            ErrorCode::UnknownOperation => "未知的操作类型。",
            ErrorCode::BadBody => "消息体无法解析。",
            ErrorCode::NotLoggedIn => "请先登录。",
            ErrorCode::TokenExpired => "登录凭证已过期。",
            ErrorCode::TokenInvalid => "登录凭证无效。",
            ErrorCode::ResumeSpent => "恢复凭证已被使用。",
            ErrorCode::Replaced => "账号已在其他设备登录。",
            ErrorCode::CodeRejected => "平台拒绝了该登录 code。",
            ErrorCode::Banned => "账号已被封禁。",
            ErrorCode::Outdated => "游戏版本过旧,请更新。",
            ErrorCode::LoginTimeout => "连接后未及时登录。",
            ErrorCode::PlatformUnavailable => "平台服务暂时不可用。",
            ErrorCode::RefreshInvalid => "刷新凭证已失效。",
            ErrorCode::UnknownApp => "服务器上没有该应用。",
            ErrorCode::RoomUnknown => "房间不存在。",
            ErrorCode::RoomFull => "房间已满。",
            ErrorCode::RoomEnded => "房间已结束。",
            ErrorCode::RoomStarted => "房间已开局,不能加入。",
            ErrorCode::RoomExists => "同名房间已存在且参数不同。",
            ErrorCode::NotInRoom => "你不在该房间中。",
            ErrorCode::NotOwner => "只有房主可以执行此操作。",
            ErrorCode::RoomBanned => "你已被房主移出,不能再加入。",
            ErrorCode::BuildDiffers => "房间的游戏版本与你的不同。",
            ErrorCode::WrongPhase => "房间当前状态不允许此操作。",
            ErrorCode::BadSpec => "房间参数不合法。",
            ErrorCode::TicksLost => "请求的帧已不再保留。",
            ErrorCode::SpectatorsFull => "观战人数已满。",
            ErrorCode::RoomPaused => "日志暂不可写,房间已暂停。",
            ErrorCode::TicketUnknown => "匹配凭据不存在。",
            ErrorCode::TicketDiffers => "同名匹配凭据已存在且参数不同。",
            ErrorCode::MatchTimeout => "在限定时间内没有匹配到足够的玩家。",
            ErrorCode::UnknownMethod => "未知的方法。",
            ErrorCode::BadRequest => "请求格式不正确。",
            ErrorCode::DeadlineExceeded => "请求超时。",
            ErrorCode::TooManyRequests => "请求过于频繁。",
            ErrorCode::Flood => "发送频率远超限制,连接已断开。",
            ErrorCode::TooSlow => "接收过慢,连接已断开。",
            ErrorCode::TooManyConnections => "连接数过多。",
            ErrorCode::Idle => "长时间没有收到客户端消息。",
            ErrorCode::NotFound => "地址不存在。",
            ErrorCode::Forbidden => "没有权限。",
            ErrorCode::MethodNotAllowed => "不支持该 HTTP 方法。",
            ErrorCode::Internal => "服务器内部错误。",
            ErrorCode::Overloaded => "服务器繁忙,请稍后再来。",
            ErrorCode::Draining => "服务器即将重启,请稍后重连。",
            ErrorCode::Unavailable => "依赖的服务暂时不可用。",
        }
    }
}

impl Retry {
    /// In lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Retry::Never => "never",
            Retry::Now => "now",
            Retry::Later => "later",
            Retry::Login => "login",
        }
    }
}
