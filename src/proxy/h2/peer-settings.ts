/** The peer's SETTINGS (RFC 9113 section 6.5.2), starting with the initial values. */
import { DEFAULT_WINDOW_BYTES, ErrorCode, MAX_FRAME_BYTES, MAX_WINDOW_BYTES, Setting } from './frame.ts';

const LARGEST_FRAME_BYTES = 0xff_ffff;

export class PeerSettings {
  headerTableBytes = 4096;
  maxConcurrentStreams = Infinity;
  /** What a new stream may send. */
  streamWindowBytes = DEFAULT_WINDOW_BYTES;
  allowsConnectProtocol = false;

  /** Applies one setting; returns an error code if its value is invalid. Unknown settings are ignored. */
  apply(name: number, value: number): number {
    switch (name) {
      case Setting.headerTableSize:
        this.headerTableBytes = value;
        return ErrorCode.noError;
      case Setting.enablePush:
        return value > 1 ? ErrorCode.protocolError : ErrorCode.noError;
      case Setting.maxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return ErrorCode.noError;
      case Setting.initialWindowSize:
        if (value > MAX_WINDOW_BYTES) return ErrorCode.flowControlError;
        this.streamWindowBytes = value;
        return ErrorCode.noError;
      case Setting.maxFrameSize:
        return value < MAX_FRAME_BYTES || value > LARGEST_FRAME_BYTES
          ? ErrorCode.protocolError
          : ErrorCode.noError;
      case Setting.enableConnectProtocol:
        if (value > 1) return ErrorCode.protocolError;
        this.allowsConnectProtocol = value === 1;
        return ErrorCode.noError;
      default:
        return ErrorCode.noError;
    }
  }
}
