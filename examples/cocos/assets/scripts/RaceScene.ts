// Put this on a node of a scene with two labels and a button: it logs in, finds somebody, and plays.
import { _decorator, Component, Label, Node, sys } from 'cc';
import { Jianzi, type JianziError, type Lockstep, type Room, type Status } from 'jianzi';
import { race, secondsLeft, TAP, TICKS_PER_SECOND, type RaceState } from './Race';

const { ccclass, property } = _decorator;

@ccclass('RaceScene')
export class RaceScene extends Component {
    @property({ tooltip: 'Where the server is' })
    url = 'http://127.0.0.1:7600';

    @property(Label)
    score: Label | null = null;

    @property(Label)
    network: Label | null = null;

    @property(Node)
    button: Node | null = null;

    private jianzi: Jianzi | null = null;
    private game: Lockstep<RaceState> | null = null;

    start(): void {
        this.jianzi = new Jianzi({ url: this.url, app: 'jianzi-demo', build: '1.0.0' });
        this.jianzi.on('status', (status) => this.show(status));
        this.button?.on(Node.EventType.TOUCH_START, this.tap, this);
        this.play().catch((error: JianziError) => this.say(this.network, error.messageZh ?? String(error)));
    }

    onDestroy(): void {
        this.jianzi?.close();
    }

    tap(): void {
        this.game?.input(TAP);
    }

    private async play(): Promise<void> {
        const jianzi = this.jianzi!;
        await jianzi.login();
        const { invite } = jianzi.launch;
        const room = invite
            ? await jianzi.rooms.join({ invite })
            : await jianzi.match({
                mode: 'race', players: 2, bots: true, patienceMs: 1000,
                room: { lockstep: { tickHz: TICKS_PER_SECOND } },
                onWaiting: ({ playersFound }) => this.say(this.score, `等待对手 ${playersFound}/2`),
            });
        this.enter(room);
    }

    private enter(room: Room): void {
        const game = room.lockstep(race);
        this.game = game;
        game.on('tick', (state) => this.say(this.score, `${state.taps.join(' : ')}  ${secondsLeft(state)}s`));
        room.on('ended', ({ agreed }) => this.say(this.score, `${game.state.taps.join(' : ')}  ${agreed ? '结束' : '有争议'}`));
    }

    private show({ state, attempt, reason }: Status): void {
        const words: { [state: string]: string } = {
            connecting: '连接中…', online: '', reconnecting: `重连中…(第 ${attempt} 次)`, kicked: '已在别处登录', outdated: '请更新游戏',
        };
        this.say(this.network, words[state] ?? reason?.messageZh ?? '');
    }

    private say(label: Label | null, text: string): void {
        if (label) label.string = text;
        if (sys.isNative && text) console.log(text);
    }
}
