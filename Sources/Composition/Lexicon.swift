/// Words of the prompt reader: one English vocabulary, and what leads there from other languages. Accents are folded.
enum Lexicon {
    static let translations = table(furtherEuropean).merging(table(european)) { $1 }
    static let ideographic = table(chinese).merging(table(japaneseRows)) { $1 }.merging(chineseKeys) { $1 }

    /// By the first scalar: what follows it only colours it.
    static let pictures: [Unicode.Scalar: String] = [
        "\u{1F3B9}": "piano", "\u{1F3B8}": "guitar", "\u{1F941}": "drums", "\u{1F3BB}": "violin", "\u{1F3BA}": "trumpet", "\u{1F3B7}": "saxophone", "\u{1FA95}": "banjo",
        "\u{1FA97}": "accordion", "\u{1FA98}": "congas", "\u{1FA88}": "flute", "\u{1FA87}": "shaker", "\u{1F514}": "bells", "\u{1F525}": "energetic", "\u{1F4A5}": "energetic",
        "\u{1F600}": "happy", "\u{1F603}": "happy", "\u{1F604}": "happy", "\u{1F60A}": "happy", "\u{1F642}": "happy", "\u{1F622}": "sad", "\u{1F62D}": "sad", "\u{1F614}": "sad",
        "\u{1F60C}": "calm", "\u{1F634}": "calm", "\u{2764}": "romantic", "\u{1F495}": "romantic", "\u{1F319}": "dreamy", "\u{2600}": "bright", "\u{1F31E}": "bright",
        "\u{1F501}": "loop", "\u{1F507}": "no", "\u{1F6AB}": "no", "\u{274C}": "no", "\u{1F3B5}": "song", "\u{1F3B6}": "song", "\u{1F3BC}": "song",
    ]

    /// Value of a number word below 101 in one of the languages.
    static func number(_ word: String) -> Double? {
        if let value = numbers[word] { return value }
        // hundertzwanzig, zweihundert, einhundertzweiundneunzig
        if let split = word.firstRange(of: "hundert"), split.upperBound > word.startIndex, word != "hundert" {
            let (many, rest) = (word[..<split.lowerBound], word[split.upperBound...])
            let hundreds = many.isEmpty || many == "ein" ? 1 : numbers[String(many)]
            let below = rest.isEmpty ? 0 : number(rest.hasPrefix("und") ? String(rest.dropFirst(3)) : String(rest))
            if let hundreds, hundreds < 10, let below, below < 100 { return hundreds * 100 + below }
        }
        // zweiundneunzig
        guard let split = word.firstRange(of: "und"), let unit = numbers[String(word[..<split.lowerBound])], let ten = numbers[String(word[split.upperBound...])],
              unit < 10, ten >= 20 else { return nil }
        return unit + ten
    }

    private static let numbers: [String: Double] = {
        var out: [String: Double] = [:]
        for row in numberRows.split(separator: "\n") {
            let words = row.split(separator: " ")
            guard let value = words.first.flatMap({ Double($0) }) else { continue }
            for word in words.dropFirst() { out[String(word)] = value }
        }
        return out
    }()

    /// Each row: English = other | other | …
    private static func table(_ rows: String) -> [String: String] {
        var out: [String: String] = [:]
        for row in rows.split(separator: "\n") {
            let halves = row.split(separator: "=", maxSplits: 1)
            guard halves.count == 2 else { continue }
            let english = halves[0].split(separator: " ").joined(separator: " ")
            for other in halves[1].split(separator: "|") { out[other.split(separator: " ").joined(separator: " ")] = english }
        }
        return out
    }

    private static let numberRows = """
        2 two zwei dos deux due dois два две twee
        3 three drei tres trois tre три drie
        4 four vier cuatro quatre quattro quatro четыре
        5 five funf cinco cinq cinque пять vijf
        6 six sechs seis sei шесть zes
        7 seven sieben siete sept sette sete семь zeven
        8 eight acht ocho huit otto oito восемь
        9 nine neun nueve neuf nove девять negen
        10 ten zehn diez dix dieci dez десять tien
        11 eleven elf once onze undici
        12 twelve zwolf doce douze dodici doze двенадцать twaalf
        13 thirteen dreizehn trece treize
        14 fourteen vierzehn catorce quatorze
        15 fifteen funfzehn quince quinze quindici
        16 sixteen sechzehn dieciseis seize sedici dezesseis шестнадцать zestien
        17 seventeen siebzehn
        18 eighteen achtzehn
        19 nineteen neunzehn
        20 twenty zwanzig veinte vingt venti vinte двадцать twintig
        24 veinticuatro ventiquattro
        30 thirty dreissig treinta trente trenta trinta тридцать dertig
        32 trentadue
        40 forty vierzig cuarenta quarante quaranta quarenta сорок veertig
        50 fifty funfzig cincuenta cinquante cinquanta cinquenta пятьдесят vijftig
        60 sixty sechzig sesenta soixante sessanta sessenta шестьдесят zestig
        70 seventy siebzig setenta settanta семьдесят zeventig
        80 eighty achtzig ochenta quatrevingts ottanta oitenta восемьдесят tachtig
        90 ninety neunzig noventa quatrevingtdix novanta девяносто negentig
        100 hundred hundert einhundert cien ciento cent cento cem сто honderd
        """

    private static let european = """
        without         = avoid | skip | except | excluding | exclude | excludes | omit | omitting | leave out | leaving out | leave the | don't use | dont use | do not use | don't want | do not want | don't include | do not include | don't add | do not add | free of | lacking | but no | everything but | anything but | all but | absolutely no | zero | aber ohne | auch ohne | keinerlei | verzichte auf | ni | jamais de | nem | neither | ohne jedes | sin ningun | sin nada de | sans aucun | sans aucune | nessun | nessuna | nenhum | nenhuma
        without         = w/o | w/out | never any | never use | neither of | weder | instead of | rather than | au lieu de | au lieu du | en vez de | en lugar de | invece di | invece del | invece della | em vez de | statt | anstatt | anstelle von
        without         = tudo menos | todo menos | tout sauf | sauf | tutto tranne | tutto meno | tranne | salvo | excepto | exceto | eccetto | alles ausser | ausser | a l'exception de | a excepcion de | a excecao de | nichts von | bitte kein | bitte keine | ningun tipo de | aucun type de | nessun tipo di
        without         = n'utilise pas de | n'utilise pas | n'utilisez pas de | pas du tout de | no uses | no usar | no quiero | non usare | non voglio | sin usar | nao use | nao usar | nao quero | verwende kein | verwende keine | benutze kein | keinesfalls | auf keinen fall
        not             = nicht | nie | niemals | pas | non | nunca | jamas | nao | isn't | is not | don't | dont | do not | doesn't | does not | shouldn't | should not | mustn't | must not | can't | cannot | aren't | won't
        absent          = removed | excluded | omitted | forbidden | banned | prohibited | left out | verboten | interdit | interdite | prohibido | vietato | proibido | unwanted | unerwunscht
        drum and bass   = drum and bass | drum n bass | drum'n'bass
        without         = ohne | kein | keine | keinen | sin | sans | pas de | pas d' | senza | sem | bez | zonder | nada de | aucun | aucune | ningun | no hay | niente
        without drums   = drumless | drum free | drums free | drum less
        without bass    = bassless | bass free
        without vocals  = vocal free | vocalless | no singing | without singing
        only            = nothing but | nothing except | nichts ausser | nichts als | rien que | nada mas que | nient'altro che | nada alem de | nur | ausschliesslich | solo con | solamente | unicamente | seulement | uniquement | soltanto | apenas | somente
        and             = und | y | et
        with            = mit | con | avec | com
        for             = fur | para | pour | per
        bars            = takte | takten | takt | compases | compas | mesures | mesure | battute | battuta | compassos | measures | measure | bar | maten
        90 seconds      = one and a half minute | a minute and thirty seconds
        seconds         = sekunden | sekunde | segundos | segundo | secondes | seconde | secondi | secs | sec | second | seconden
        1 hours         = an hour | one hour | eine stunde | una hora | une heure | un'ora | uma hora
        30 minutes      = half an hour | half hour | eine halbe stunde | halbe stunde | media hora | une demi heure | mezz'ora | meia hora
        hours           = stunden | stunde | horas | heures | heure | hour | hrs | hr
        minutes         = minuten | minute | minutos | minuto | minuti | mins | min | minuut
        1 minutes       = eine minute | un minuto | une minute | um minuto | a minute | one minute
        90 seconds      = un minuto e mezzo | minuto e mezzo | um minuto e meio | minuto e meio | une minute trente | a minute and a half | one and a half minutes | anderthalb minuten | eineinhalb minuten | minuto y medio | une minute et demie | un minuto y medio | minute and a half
        30 seconds      = mezzo minuto | meio minuto | half a minute | eine halbe minute | halbe minute | medio minuto | une demi minute | half minute | mezzo minuto
        bpm             = schlage pro minute | beats per minute | beats a minute | pulsaciones por minuto | battements par minute | battiti al minuto | batidas por minuto | ppm | golpes por minuto | schlagen pro minute
        bpm             = beats min | beats/min | beat per minute | beats per min | beats/minute | b p m | bpm's
        bpm             = bpms
        bpm quarterbeat = a la noire | a la negra | per quarter | quarter notes per minute | quarters per minute | la noire | to the quarter | to the quarter note | to the crotchet | crotchets per minute | viertel pro minute | alla semiminima | a seminima
        bpm halfbeat    = to the half | to the half note | to the minim | half notes per minute | a la blanche | a la blanca | halbe pro minute | alla minima
        bpm eighthbeat  = to the eighth | to the eighth note | to the quaver | eighth notes per minute | eighths per minute | a la croche | a la corchea | achtel pro minute
        bpm dottedquarterbeat = to the dotted quarter | to the dotted quarter note | to the dotted crotchet | dotted quarters per minute | dotted quarter notes per minute | a la noire pointee | a la negra con puntillo | punktierte viertel pro minute
        bpm dottedhalfbeat = to the dotted half | to the dotted half note | to the dotted minim | dotted half notes per minute | a la blanche pointee | a la blanca con puntillo
        quarterbeat     = quarter note | crotchet | quarter notes | viertelnote | noire | semiminima
        halfbeat        = half note | minim | halbe note | blanche | blanca
        eighthbeat      = eighth note | quaver | achtelnote | croche
        dottedquarterbeat = dotted quarter | dotted quarter note | dotted crotchet | punktierte viertel | negra con puntillo | noire pointee
        dottedhalfbeat  = dotted half | dotted half note | dotted minim | punktierte halbe | blanca con puntillo | blanche pointee
        tempo           = speed | mm | tempi | pace | tiempo | velocidad | geschwindigkeit
        major           = dur | mayor | majeur | maggiore | maior | maj
        minor           = moll | menor | mineur | minore | mol
        dorian          = dorisch | dorico | dorien
        phrygian        = phrygisch | frigio | phrygien
        lydian          = lydisch | lidio | lydien
        mixolydian      = mixolydisch | mixolidio | mixolydien
        3/4             = tres por cuatro | tres por quatro | tre per quattro | trois pour quatre | compas de tres por cuatro | triple time | triple meter | waltz time | three four | three quarter time | trois temps | 3 temps | tres tiempos | tre quarti | dreiertakt | compas ternario | drei viertel
        4/4             = cuatro por cuatro | quatro por quatro | quattro quarti | quatre quatre | vierer takt | four four | common time | viervierteltakt | vier viertel
        6/8             = seis por ocho | seis por oito | sei ottavi | six huit | six eight | sechs achtel
        5/4             = cinco por cuatro | cinque quarti | cinq quatre | cinq temps | cinco tiempos | 5 temps | five four | funfvierteltakt
        7/8             = seven eight | siete por ocho | sette ottavi | sept huit | siebenachteltakt | sieben achtel
        12/8            = twelve eight | zwolf achtel | zwolfachteltakt | doce por ocho | douze huit | dodici ottavi
        9/8             = nine eight | neun achtel | neunachteltakt | nueve por ocho | neuf huit | nove ottavi
        2/2             = cut time | alla breve
        2/4             = zweivierteltakt | two four
        key             = tonart | tonalidad | tonalite | tonalita | tonalidade
        sharp           = sostenido | diese | diesis | sustenido
        flat            = bemol | bemolle
        slow            = langsamer | langsames | langsame | langsam | lento y | lenta | lent | lente | langsames | slowly | ruhiges
        fast            = schneller | schnelles | schnelle | schnell | rapido | rapida | rapide | veloce | quick | quickly
        drums           = drummer | drummers | schlagzeuger | batteur | baterista | batterista | schlagzeug | drum kit | drum set | drumset | kit | bateria | batterie | batteria | percusion completa | schlagwerk | beats | drum machine | drum beat | drumbeat | breakbeats | full drum kit
        drums           = double bass drums | double bass drum | double bass pedal | double kick | trommeln | tambores | percussive drums | 909 | tr 909 | live drums | drumming
        kick            = kick drum | kick drums | kicks | bass drum | bassdrum | basstrommel | grosse trommel | bombo | grosse caisse | grancassa | cassa | bumbo
        snare           = snares | snare drum | snare drums | kleine trommel | caisse claire | rullante | redoblante | caixa clara
        hi-hat          = hi hat | hi hats | hihat | hihats | hats | closed hats | open hats | charleston | charley | chaleston
        cymbals         = cymbal | becken | platillos | cymbales | cymbale | piatti | piatto | pratos
        toms            = tom toms | tomtoms | tom tom
        crash-cymbal    = crash cymbal | crash cymbals | crashes | crashbecken
        ride-cymbal     = ride cymbal | ride cymbals | ridebecken
        percussion      = perkussion | percusion | percussions | percussao | percussioni
        bass            = bajo | basse | basso | baixo | bassline | bass line | bass guitar | basslinie | e bass
        upright bass    = kontrabass | contrabajo | contrebasse | contrabbasso | double bass | standup bass | acoustic bass | contrabass | contrabaixo
        keys            = keyboard | keyboards | tasteninstrumente | teclados | claviers | tastiere
        clavinet        = clav | clavi
        vocals          = voix | voz | voce | voces | voci | stimme | stimmen | gesang | chant vocal | vocales | vocal lines | lead vocals | lead vocal | backing vocals | lyrics | text vocals
        whistle         = tin whistle | penny whistle | whistling
        electric guitar = pedal steel | steel guitar | lap steel | slide guitar | surf guitar | twang guitar | reverb guitar | telecaster | stratocaster
        piano           = pianist | klaviermusik | klavier | felt piano | grand piano | pianoforte | flugel | piano montuno | montuno | pianos
        electric piano  = e piano | epiano | piano electrico | piano electrique | wurlitzer | wurly | fender rhodes | e klavier
        rhodes          = rhodes piano
        organ           = orgel | organo | orgue | hammond | orgao | b3
        accordion       = akkordeon | acordeon | accordeon | fisarmonica | acordeao | squeezebox | musette
        harmonica       = mundharmonika | armonica | blues harp | gaita
        guitar          = gitarre | guitarra | guitare | chitarra | gitarren | guitars
        acoustic guitar = akustische gitarre | akustikgitarre | guitarra acustica | guitare acoustique | chitarra acustica | westerngitarre | steel string guitar | acoustic guitars | guitare seche
        nylon guitar    = nylongitarre | konzertgitarren | guitare nylon | chitarra classica | konzertgitarre | klassische gitarre | guitarra clasica | guitarra espanola | guitare classique | nylon string guitar | classical guitar | spanish guitar | violao
        electric guitar = e gitarre | guitarra electrica | guitare electrique | chitarra elettrica | electric guitars | clean guitar | twangy guitar | elektrische gitarre
        distorted guitar = verzerrte gitarre | guitarra distorsionada | guitare saturee | distorted guitars | heavy guitars | heavy guitar | distortion guitar | fuzz guitar | power chords | crunchy guitars | distorted electric guitar
        violin          = geige | violine | violines | violon | violino | violins
        viola           = bratsche
        cello           = violoncello | violonchelo | violoncelle | celli | cellos
        strings         = streicher | cuerdas | cordes | archi | cordas | string section | string ensemble | string quartet | orchestra strings | streichquartett
        harp            = harfe | arpa | harpe
        choir           = chor | coro | choeur | choral | choirs | chorus vocals
        trumpet         = trompete | trompeta | trompette | tromba | trumpets | trompeten
        trombone        = posaune | trombon | trombones
        horn            = french horns | french horn | cor | corno | horns section
        winds           = wind instruments | wind section | wind players | blaser | blasern | blasinstrumente | instruments a vent | instrumentos de viento | strumenti a fiato | fiati | instrumentos de sopro | sopros
        woodwind        = woodwinds | woodwind instruments | holzblaser | les bois | vientos madera | viento madera | maderas
        horns           = horn section | horn stabs
        brass           = metales | cuivres | ottoni | brass section | brass band | blechblaser | vientos | metais | blaserensemble | brass instruments
        saxophone       = sax | saxofon | saxofono | saxophon | saxofone | saxophones | alto sax
        tenor saxophone = tenor sax
        clarinet        = klarinette | clarinete | clarinette | clarinetto
        flute           = flote | flauta | flauto | querflote | flutes
        recorder        = blockflote | flauta dulce | flute a bec
        oboe            = hautbois
        bassoon         = fagott | fagot | basson
        bagpipe         = dudelsack | cornemuse | bagpipes
        bells           = glocken | campanas | cloches | tubular bells
        glockenspiel    = glock | carillon
        music box       = spieluhr | caja de musica | boite a musique | musicbox
        marimba         = marimbas
        vibraphone      = vibes | vibraphon | vibrafono
        xylophone       = xylophon | xilofono
        synth           = synthesizer | synthesiser | sintetizador | synthe | synthes | sintetizzatore | synths | arpeggiated synth | synthesizers | analog synth | synth arp | arpeggio | arpeggios | arp
        pad             = pads | synth pad | synth pads | flachen | nappes | nappe | nappes de synthe | colchones | flachensounds | warm pads | texturen
        lead            = synth lead | leads | lead synth | saw lead
        square lead     = pulse lead
        synth bass      = synthbass | bajo sintetizado | basse synthe | moog bass | reese bass | reese
        sub bass        = 808 s | subbass | 808 bass | 808 | 808s | sub
        acid bass       = acid line | 303 | tb 303
        claps           = clap | hand claps | handclaps | hand clap | palmas | klatschen | handeklatschen | clapping
        shaker          = shakers | maracas | maraca | egg shaker | ganza
        tambourine      = tamburello | pandeireta | tamburin | pandereta | tambourin | pandeiro
        cowbell         = cowbells | kuhglocke | cencerro
        congas          = conga | tumbadora | hand drums
        bongos          = bongo
        timbales        = timbal
        claves          = clave
        triangle        = triangel | triangulo
        timpani         = pauken | timbales d'orchestre | timbales d' orchestre | timpanis | kettledrums | kesselpauken
        taiko           = taikos | taiko drums
        pizzicato       = pizzicato strings | pizz
        ukulele         = cavaquinho | charango | uke | ukelele
        banjo           = banjos
        fiddle          = fiddles
        koto            = kotos
        loop            = seamless | seamless loop | nahtlos | schleife | bucle | boucle | loopable | looping
        harmony         = harmonies | accompaniment | begleitung | accompagnement | accompagnamento | acompanamiento | acompanhamento | backing chords
        melody          = melodie | melodia | lead melody | melodies
        chords          = akkorde | acordes | accords | accordi | chord progression | chord sequence | akkordfolge | progression | progresion | progressione | cadence
        song            = lied | stuck | cancion | tema | morceau | chanson | brano | pezzo | canzone | musica | musik | musique | track
        waltz           = walzer | vals | valse | valzer | valsa
        march           = marsch | marcha | marche | marcia
        ballad          = ballade | balada | ballata
        sad             = traurig | trauriges | traurige | trauriger | triste | tristes | mournful | melancholic | melancholy | melancholisch | melancolico | melancolique | malinconico | sorrowful | wehmutig | somber | heartbreaking
        happy           = frohlich | frohlicher | frohliche | frohliches | alegre | alegres | joyeux | joyeuse | gai | felice | allegra | cheerful | joyful | heiter | heiteres | feliz | sunny | merry | playful | bouncy | contento
        calm            = laid back | laidback | lazy | gemachlich | relajado | relajada | detendu | rilassato | rilassata | relaxado | relaxada | ruhig | ruhige | tranquilo | tranquila | calme | calmo | peaceful | relaxing | relaxed | serene | gentle | soft | quiet | leise | suave | doux | douce | sanft | entspannt | soothing | chill | mellow | dolce | tranquille
        dark            = dunkel | dunkler | dunkles | dustere | dusterer | oscuro | oscura | sombre | cupo | ominous | sinister | brooding | gloomy | scary | eerie | evil | escuro | dusteres
        energetic       = epique | epico | epica | episch | episches | epische | energica | enerxico | wild | furious | explosive | energisch | energetisch | energico | energetique | driving | powerful | intense | treibend | treibender | banger | epic | heroic | aggressive | fierce | hard | heavy | kraftvoll | potente | pumping | festival | upbeat
        warm            = warmer | warmes | calido | calida | chaud | chaude | caldo | cozy | gemutlich
        bright          = hell | helles | brillante | lumineux | luminoso | shiny | shimmering
        dreamy          = traumerisch | vertraumt | sonador | reveur | sognante | ethereal | floating | hazy
        romantic        = romantisch | romantico | romantique | tender | love
        uplifting       = anthemic | hymnisch | soaring | erhebend | edificante | inspiring | hopeful | triumphant | euphoric | motivational | hoffnungsvoll
        disco           = discoteca | discotheque | diskothek
        gypsy jazz      = manouche | swing manouche | jazz manouche | gypsy swing
        tarantella      = tarantelle
        drums           = brushes | brushed drums | besen | jazzbesen
        jazz            = jazzig | jazzige | jazzy
        electronic      = elektronisch | elektronische | electronica | electro | electronique | elettronica | eletronica
        orchestral      = orchester | orquesta | orchestre | orchestra | sinfonico | symphonic | orkester | orquestral
        folk            = fado | flamenca | folklorico | volksmusik | folclore | folklore
        medieval        = mittelalterlich | mittelalter | medievales
        """

    private static let japaneseRows = """
        tempo     = テンポ | 速度
        bpm       = 拍毎分
        c major   = ハ長調
        c minor   = ハ短調
        d major   = ニ長調
        d minor   = ニ短調
        e major   = ホ長調
        e minor   = ホ短調
        f major   = ヘ長調
        f minor   = ヘ短調
        g major   = ト長調
        g minor   = ト短調
        a major   = イ長調
        a minor   = イ短調
        b major   = ロ長調
        b minor   = ロ短調
        c# major  = 嬰ハ長調
        c# minor  = 嬰ハ短調
        d# minor  = 嬰ニ短調
        f# major  = 嬰ヘ長調
        f# minor  = 嬰ヘ短調
        g# minor  = 嬰ト短調
        db major  = 変ニ長調
        eb major  = 変ホ長調
        eb minor  = 変ホ短調
        gb major  = 変ト長調
        ab major  = 変イ長調
        ab minor  = 変イ短調
        bb major  = 変ロ長調
        bb minor  = 変ロ短調
        3/4       = 4分の3拍子 | 四分の三拍子 | 三拍子 | 3拍子
        4/4       = 4分の4拍子 | 四分の四拍子 | 四拍子 | 4拍子
        6/8       = 8分の6拍子
        5/4       = 4分の5拍子 | 5拍子 | 五拍子
        12/8      = 8分の12拍子
        7/4       = 4分の7拍子 | 7拍子
        7/8       = 8分の7拍子
        bars      = 小節
        seconds   = 秒間 | 秒
        minutes   = 分間 | 分
        absent    = なし | 無し | 抜き | なしで | 以外 | ではない | ではなく | じゃない | じゃなく
        kick      = キック | バスドラム
        snare     = スネア
        hi-hat    = ハイハット
        cymbals   = シンバル
        keys      = キーボード | 鍵盤
        piano     = ピアノ
        electric piano = エレピ | エレクトリックピアノ
        bass      = ベース
        drums     = ドラム | ドラムス
        guitar    = ギター
        acoustic guitar = アコギ | アコースティックギター
        electric guitar = エレキギター
        violin    = バイオリン | ヴァイオリン
        cello     = チェロ
        flute     = フルート
        strings   = ストリングス | 弦楽
        synth     = シンセ | シンセサイザー
        pad       = パッド
        organ     = オルガン
        trumpet   = トランペット
        saxophone = サックス
        choir     = 合唱 | コーラス
        koto      = 琴 | 箏
        shamisen  = 三味線
        shakuhachi = 尺八
        taiko     = 太鼓 | 和太鼓
        harp      = ハープ
        music box = オルゴール
        pop       = ポップス | ポップ
        rock      = ロック
        jazz      = ジャズ
        bossa nova = ボサノバ | ボサノヴァ
        techno    = テクノ
        house     = ハウス
        ambient   = アンビエント
        ballad    = バラード
        disco     = ディスコ
        trap      = トラップ
        trance    = トランス
        funk      = ファンク
        blues     = ブルース
        reggae    = レゲエ
        folk      = フォーク
        metal     = メタル
        orchestral = 管弦楽 | 交響曲
        march     = 行進曲
        accordion = アコーディオン
        clarinet  = クラリネット
        marimba   = マリンバ
        vibraphone = ビブラフォン
        ukulele   = ウクレレ
        brass     = ブラス
        upright bass = コントラバス | ウッドベース
        only      = だけ | のみ
        romantic  = ロマンチックな
        dreamy    = 夢のような | 幻想的な
        waltz     = ワルツ
        orchestral = オーケストラ
        lofi      = ローファイ
        hip hop   = ヒップホップ
        happy     = 明るい | 楽しい | 陽気な
        sad       = 悲しい | 切ない
        calm      = 静かな | 穏やかな | 優しい
        dark      = 暗い
        fast      = 速い
        slow      = 遅い | ゆっくり
        energetic = 激しい | 壮大な | 元気な
        loop      = ループ
        song      = 曲 | 音楽
        filler    = の | と | は | を | で | が | に | な
        """
}
