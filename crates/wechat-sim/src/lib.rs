//! wechat-sim
